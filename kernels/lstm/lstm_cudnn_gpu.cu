// The LSTM engine cudnn: converts our frames and weights to the layout of kernels/lstm/rnn_gpu.h, makes one call, and
// converts back.
#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "host/core/plant.h"
#include "host/device/memory.h"
#include "kernels/lstm/lstm_cudnn_gpu.h"
#include "kernels/lstm/rnn_gpu.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// An element in the library's layout: a float, or the upper half of one.
struct Bf16 {
  std::uint16_t bits;
};
__device__ inline void put(float v, float& to) { to = v; }
__device__ inline void put(float v, Bf16& to) { to.bits = static_cast<std::uint16_t>(simt::bf16_bits(v)); }
__device__ inline float value(float v) { return v; }
__device__ inline float value(Bf16 v) { return simt::bf16_low(v.bits); }

// The row of step t of utterance 0 in time order, and the number of utterances that reach step t; the longest come
// first.
struct Step {
  Index first;
  int utterances;
};
__device__ inline Step step_of(const Ragged& r, int t) {
  Step s{0, 0};
  for (int u = 0; u < r.utterances; ++u) {
    const int length = r.length.data[u];
    s.first += CUTRACT_PLANTED("cudnn_counts_padding") || length > t ? t : length;
    s.utterances += length > t ? 1 : 0;
  }
  return s;
}

// A block owns one step: it copies the rows of all utterances that reach the step from our order, `rows`, to time
// order, or back.
template <class T>
__global__ void __launch_bounds__(kBlock) to_time_kernel(Ragged r, const float* rows, T* timed, int width) {
  const int t = static_cast<int>(blockIdx.x);
  const Step s = step_of(r, t);
  for (int i = static_cast<int>(threadIdx.x); i < s.utterances * width; i += kBlock)
    put(rows[Index(r.offset.data[i / width] + t) * width + i % width], timed[s.first * width + i]);
}
template <class T>
__global__ void __launch_bounds__(kBlock) from_time_kernel(Ragged r, const T* timed, float* rows, int width, bool add) {
  const int t = static_cast<int>(blockIdx.x);
  const Step s = step_of(r, t);
  for (int i = static_cast<int>(threadIdx.x); i < s.utterances * width; i += kBlock) {
    float& to = rows[Index(r.offset.data[i / width] + t) * width + i % width];
    const float dx = value(timed[s.first * width + i]);
    to = add ? to + dx : dx;
  }
}

// A contiguous part of our weights or gradients, and its start in the library's space.
template <class Ours>
struct Run {
  Ours* ours;
  Index there, count;
};
constexpr int kMostRuns = 32;  // 2 directions, 8 matrices and 8 biases each
template <class Ours>
struct Runs {
  Run<Ours> run[kMostRuns];
};

// One row of blocks owns one run.
template <class T>
__global__ void __launch_bounds__(kBlock) put_weights_kernel(Runs<const float> runs, T* space) {
  const Run<const float> run = runs.run[blockIdx.y];
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < run.count; i += Index(gridDim.x) * kBlock)
    put(run.ours[i], space[run.there + i]);
}
template <class T>
__global__ void __launch_bounds__(kBlock) add_gradients_kernel(Runs<float> runs, const T* space) {
  const Run<float> run = runs.run[blockIdx.y];
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < run.count; i += Index(gridDim.x) * kBlock)
    run.ours[i] = (CUTRACT_PLANTED("cudnn_gradients_replace") ? 0.0f : run.ours[i]) + value(space[run.there + i]);
}

// W is LstmWeights or LstmGradients.
template <class Ours, class W>
Runs<Ours> runs_of(const Rnn& rnn, const std::array<W, 2>& w, Index D, const std::byte* space) {
  Runs<Ours> out{};
  Run<Ours>* next = out.run;
  for (Index d = 0; d < D; ++d)
    for (Index linear = 0; linear < 8; ++linear) {
      const W& of = w[static_cast<std::size_t>(d)];
      const bool input = linear < 4;
      const Index H = of.w_hh.shape[1], gate = linear % 4, count = H * (input ? of.w_ih : of.w_hh).shape[1];
      const Rnn::Place at = rnn.place(d, CUTRACT_PLANTED("cudnn_swapped_gates") ? linear ^ 1 : linear, space);
      *next++ = {(input ? of.w_ih : of.w_hh).data + gate * count, at.matrix, count};
      *next++ = {(input ? of.b_ih : of.b_hh).data + gate * H, at.bias, H};
    }
  return out;
}

// Args is LstmArgs or LstmBackwardArgs. This class also divides up their memory.
template <class Args>
class Layer {
 public:
  Layer(GpuExec& ex, const Args& a, bool training)
      : ex_(ex), a_(a), rnn_(ex, shape_of(a, training)), sizes_(rnn_.sizes()) {}

  Rnn& rnn() { return rnn_; }
  Index D() const { return a_.h.shape[1]; }
  int inputs() const { return static_cast<int>(a_.x.shape[1]); }
  int outputs() const { return static_cast<int>(a_.h.shape[1] * a_.h.shape[2]); }
  Index bytes_of(Index width) const {
    return aligned(a_.x.shape[0] * width * (a_.precision == Precision::bf16 ? 2 : 4));
  }
  Index work_bytes() const { return aligned(sizes_.work); }
  Index weight_bytes() const { return aligned(sizes_.weights); }

  // What forward keeps for backward: the library's reserve, then our data.
  struct Kept {
    std::byte *reserve, *x, *y, *weights;
  };
  Index kept_bytes() const {
    return aligned(sizes_.reserve) + bytes_of(inputs()) + bytes_of(outputs()) + weight_bytes();
  }
  Kept kept_at(std::byte* at) const {
    Kept k{};
    k.reserve = at;
    k.x = k.reserve + aligned(sizes_.reserve);
    k.y = k.x + bytes_of(inputs());
    k.weights = k.y + bytes_of(outputs());
    return k;
  }
  std::byte* workspace(Index bytes) const { return reinterpret_cast<std::byte*>(ex_.workspace((bytes + 7) / 8)); }

  void to_time(const float* rows, std::byte* timed, int width) const {
    with_elements(timed, [&](auto* elements) {
      using T = std::remove_reference_t<decltype(*elements)>;
      launch(ex_, "lstm", to_time_kernel<T>, steps(), kBlock, a_.ragged, rows, elements, width);
    });
  }
  void from_time(std::byte* timed, float* rows, int width, bool add = false) const {
    with_elements(timed, [&](auto* elements) {
      using T = std::remove_reference_t<decltype(*elements)>;
      launch(ex_, "lstm", from_time_kernel<T>, steps(), kBlock, a_.ragged, elements, rows, width, add);
    });
  }
  void put_weights(std::byte* space) const {
    gpu_clear(ex_, space, sizes_.weights);  // clears the gaps too
    with_elements(space, [&](auto* elements) {
      using T = std::remove_reference_t<decltype(*elements)>;
      launch(ex_, "lstm", put_weights_kernel<T>, all_runs(), runs_of<const float>(rnn_, a_.w, D(), space), elements);
    });
  }
  void add_gradients(std::byte* space) const {
    with_elements(space, [&](auto* elements) {
      using T = std::remove_reference_t<decltype(*elements)>;
      launch(ex_, "lstm_backward", add_gradients_kernel<T>, all_runs(), runs_of<float>(rnn_, a_.dw, D(), space),
             elements);
    });
  }

 private:
  static Index aligned(Index bytes) { return (bytes + 255) / 256 * 256; }
  static RnnShape shape_of(const Args& a, bool training) {
    const View<const std::int32_t, 1> lengths = a.ragged.host_length;
    expect_shape("lstm.ragged.host_length", lengths, {a.ragged.utterances});
    const Index rows = std::accumulate(lengths.data, lengths.data + lengths.size(), Index{0}), N = a.x.shape[0];
    expect_shape("lstm.ragged.host_length, summed,", &rows, &N, 1);  // no rows after the last utterance
    return {a.x.shape[1], a.h.shape[2], a.h.shape[1], {lengths.data, static_cast<std::size_t>(lengths.size())},
            a.precision,  training};
  }
  template <class Call>
  void with_elements(std::byte* at, const Call& call) const {
    a_.precision == Precision::bf16 ? call(reinterpret_cast<Bf16*>(at)) : call(reinterpret_cast<float*>(at));
  }
  unsigned steps() const { return static_cast<unsigned>(a_.ragged.host_length.data[0]); }
  Geometry all_runs() const {
    const Index H = a_.h.shape[2], longest = H * std::max<Index>(a_.x.shape[1], H);
    return {{grid_for(longest, kBlock), static_cast<unsigned>(16 * D())}, {kBlock}};
  }

  GpuExec& ex_;
  const Args& a_;
  Rnn rnn_;
  Rnn::Sizes sizes_;
};

}  // namespace

Index lstm_cudnn_reserve(GpuExec& ex, const LstmArgs& a) {
  return a.x.shape[0] == 0 ? 0 : Layer<LstmArgs>(ex, a, true).kept_bytes();
}

void lstm_cudnn(GpuExec& ex, const LstmArgs& a) {
  if (a.x.shape[0] == 0) return;
  const bool training = a.reserve.data != nullptr;
  Layer<LstmArgs> layer(ex, a, training);
  if (training) expect_shape("lstm.reserve", a.reserve, {layer.kept_bytes()});
  std::byte* work = layer.workspace(layer.work_bytes() + (training ? 0 : layer.kept_bytes()));
  const auto kept = layer.kept_at(training ? a.reserve.data : work + layer.work_bytes());
  layer.to_time(a.x.data, kept.x, layer.inputs());
  layer.put_weights(kept.weights);
  layer.rnn().forward(kept.x, kept.weights, kept.y, work, kept.reserve);
  layer.from_time(kept.y, a.h.data, layer.outputs());
}

void lstm_backward_cudnn(GpuExec& ex, const LstmBackwardArgs& a) {
  if (a.x.shape[0] == 0) return;
  Layer<LstmBackwardArgs> layer(ex, a, true);
  expect_shape("lstm_backward.reserve", a.reserve, {layer.kept_bytes()});
  const auto kept = layer.kept_at(a.reserve.data);
  const Index dy_bytes = layer.bytes_of(layer.outputs()), dx_bytes = layer.bytes_of(layer.inputs());
  std::byte* work = layer.workspace(layer.work_bytes() + dy_bytes + dx_bytes + layer.weight_bytes());
  std::byte *dy = work + layer.work_bytes(), *dx = dy + dy_bytes, *dweights = dx + dx_bytes;
  layer.to_time(a.dh.data, dy, layer.outputs());
  gpu_clear(ex, dweights, layer.weight_bytes());
  layer.rnn().backward_data(kept.y, dy, kept.weights, dx, work, kept.reserve);
  layer.rnn().backward_weights(kept.x, kept.y, dweights, work, kept.reserve);
  if (a.dx.data) layer.from_time(dx, a.dx.data, layer.inputs(), a.add_dx);
  layer.add_gradients(dweights);
}

}  // namespace cutract
