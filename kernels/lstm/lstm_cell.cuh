#pragma once

#include "kernels/lstm/lstm_tile.cuh"
#include "kernels/math.h"

// The cells of the engines that keep the recurrent weights in registers. A lane owns some cells and keeps their state
// in registers from step to step.
namespace cutract {

constexpr int kTileRows = 8;  // utterances processed together: the number of columns of a fragment B or D

// The functions used to compute the gates.
struct Approximate {  // about as accurate as products in bf16
  __device__ static float tanh(float x) { return simt::tanh_approximate(x); }
  __device__ static float sigmoid(float x) { return 0.5f * tanh(0.5f * x) + 0.5f; }
};
struct Accurate {  // accurate to a few units in the last place
  __device__ static float tanh(float x) { return tanh_fast(x); }
  __device__ static float sigmoid(float x) { return cutract::sigmoid(x); }
};

// One unit of one utterance in one direction. Tile i holds the utterances from Rows * i on, the longest first.
template <int H, int Rows = kTileRows>
struct Cell {
  Span row;
  int unit, d, directions, longest;  // longest: number of steps of the tile

  __device__ Cell(const LstmSteps& a, int tile, int in_tile, int which)
      : row(span_of(a, tile * Rows + in_tile)),
        unit(which),
        d(static_cast<int>(blockIdx.y)),
        directions(a.directions),
        longest(span_of(a, tile * Rows).length) {}
  __device__ bool has(int s) const { return s >= 0 && s < row.length; }
  // The index of this unit at step s in an array [N, D, H], and of its first gate in [N, D, 4H]; its gates are H apart.
  __device__ Index at(int s) const { return line(s) * H + unit; }
  __device__ Index gate_at(int s) const { return line(s) * 4 * H + unit; }

 private:
  __device__ Index line(int s) const {
    if (CUTRACT_PLANTED("gpu_ignores_length") && d == 1)  // treat every utterance as being as long as the longest
      return Index(row.offset + min(longest - 1 - s, row.length - 1)) * directions + d;
    return row.frame(d, s) * directions + d;
  }
};

// Forward: call take() for the start value of the product's sums, then step() and save().
template <int H, class Maths = Approximate, int Rows = kTileRows>
struct ForwardCell : Cell<H, Rows> {
  float bias[4], x[4];  // x: W x of the next step
  float gate[4], c = 0, h;

  __device__ ForwardCell(const LstmStepsForward& a, int tile, int in_tile, int which)
      : Cell<H, Rows>(a, tile, in_tile, which) {
#pragma unroll
    for (int q = 0; q < 4; ++q) bias[q] = pick(a.b_ih, this->d)[q * H + which] + pick(a.b_hh, this->d)[q * H + which];
    load(a, 0);
  }
  // Returns W x + b of step s and starts loading those of the next step.
  __device__ void take(const LstmStepsForward& a, int s, float (&out)[4]) {
#pragma unroll
    for (int q = 0; q < 4; ++q) out[q] = x[q] + bias[q];
    load(a, s + 1);
  }
  __device__ void step(const float (&before)[4]) {
    gate[0] = Maths::sigmoid(before[0]);
    gate[1] = Maths::sigmoid(before[1]);
    gate[2] = Maths::tanh(before[2]);
    gate[3] = Maths::sigmoid(before[3]);
    c = gate[1] * c + gate[0] * gate[2];
    h = gate[3] * Maths::tanh(c);
  }
  __device__ void save(const LstmStepsForward& a, int s) const {
    if (!this->has(s)) return;
    const Index at = this->gate_at(s);
#pragma unroll
    for (int q = 0; q < 4; ++q) a.gates[at + q * H] = gate[q];
    a.c[this->at(s)] = c;
    a.h[this->at(s)] = h;
  }

 private:
  __device__ void load(const LstmStepsForward& a, int s) {
    const bool has = this->has(s);
    const Index at = this->gate_at(s);  // computed once: the compiler would compute it for each gate
#pragma unroll
    for (int q = 0; q < 4; ++q) x[q] = has ? a.gates[at + q * H] : 0.0f;
  }
};

// Backward in time: call step(), save(), then load() of the next step.
template <int H, class Maths = Approximate, int Rows = kTileRows>
struct BackwardCell : Cell<H, Rows> {
  float gate[4], c_before, dy;  // of the next step
  float c, dc = 0, dgate[4];

  __device__ BackwardCell(const LstmStepsBackward& a, int tile, int in_tile, int which)
      : Cell<H, Rows>(a, tile, in_tile, which) {
    const int s = this->longest - 1;
    c = this->has(s) ? a.c[this->at(s)] : 0.0f;
    load(a, s);
  }
  __device__ void load(const LstmStepsBackward& a, int s) {
    const bool has = this->has(s);
    const Index at = this->gate_at(s);
#pragma unroll
    for (int q = 0; q < 4; ++q) gate[q] = has ? a.gates[at + q * H] : 0.0f;
    dy = has ? a.dh[this->at(s)] : 0.0f;
    c_before = this->has(s - 1) ? a.c[this->at(s - 1)] : 0.0f;
  }
  // dh is the gradient from the following step in time, which is processed just before this one. Gradients are zero
  // before the utterance has begun.
  __device__ void step(int s, float dh) {
    const bool has = this->has(s);
    const float i = gate[0], f = gate[1], g = gate[2], o = gate[3], t = Maths::tanh(c);
    const float dout = has ? dh + dy : 0.0f, dcell = has ? dc + dout * o * (1 - t * t) : 0.0f;
    dgate[0] = dcell * g * i * (1 - i);
    dgate[1] = dcell * c_before * f * (1 - f);
    dgate[2] = dcell * i * (1 - g * g);
    dgate[3] = dout * t * o * (1 - o);
    dc = dcell * f;
    c = c_before;
  }
  __device__ void save(const LstmStepsBackward& a, int s) const {
    if (!this->has(s)) return;
    const Index at = this->gate_at(s);
#pragma unroll
    for (int q = 0; q < 4; ++q) a.gates[at + q * H] = dgate[q];
  }
};

}  // namespace cutract
