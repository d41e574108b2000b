#pragma once

#include <cstdint>

#include "host/core/plant.h"
#include "kernels/simt/simt.cuh"

// Feeding the matrix unit from the recurrent kernels: m16n8k16 in bf16, with weights as fragment A and eight utterances
// as the columns of B and D.
namespace cutract {

using simt::Word;

// g and t as in kernels/simt/matrix.h. The four elements of a lane's fragment D are in rows g, g, g + 8, g + 8 and
// columns 2t, 2t + 1, 2t, 2t + 1.
struct Lane {
  int warp = static_cast<int>(threadIdx.x) / 32, number = static_cast<int>(threadIdx.x) % 32, g = number / 4,
      t = number % 4;
};

// Loads fragment A of 16 x 16 weights; weight(row, column) returns one of them.
template <class Weight>
__device__ void load_weights(Word (&w)[4], const Lane& lane, Weight weight) {
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    const int block = CUTRACT_PLANTED("gpu_swapped_fragment") ? (r + 1) % 4 : r;
    const int row = lane.g + 8 * (block % 2), column = 2 * lane.t + 8 * (r / 2);
    w[r] = simt::pack_bf16(weight(row, column), weight(row, column + 1));
  }
}

// Loads two fragments B, elements k to k + 31, from rows of bf16 in shared memory: [8, stride], one row per utterance.
// A stride of a multiple of 64 plus 8 keeps the rows in different banks.
__device__ inline void load_rows(Word (&low)[2], Word (&high)[2], const Lane& lane, const std::uint16_t* rows,
                                 int stride, int k) {
  Word b[4];
  simt::load_matrix(b, rows + lane.number % 8 * stride + k + 8 * (lane.number / 8));
  low[0] = b[0];
  low[1] = b[1];
  high[0] = b[2];
  high[1] = b[3];
}

// Stores the four gates of a cell as bf16, side by side; `to` is aligned to 8 bytes.
__device__ inline void store_gates(std::uint16_t* to, const float (&gate)[4]) {
  *reinterpret_cast<uint2*>(to) = make_uint2(simt::pack_bf16(gate[0], gate[1]), simt::pack_bf16(gate[2], gate[3]));
}

}  // namespace cutract
