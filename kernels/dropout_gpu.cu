#include "kernels/dropout.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns four neighbouring columns of one frame, which share a Philox block; no two threads write the same
// element. A block processes whole utterances (blockIdx.x strides over them), so a thread knows its frame without a
// search. The block of the last utterance also zeroes the rows after it.
__global__ void __launch_bounds__(kBlock) dropout_kernel(DropoutArgs a, Index C) {
  const Index quads = (C + 3) / 4;
  const float scale = 1.0f / (1.0f - a.p);
  const std::uint64_t key = dropout_key(a);
  for (Index b = blockIdx.x; b < a.ragged.utterances; b += gridDim.x) {
    const Index first = a.ragged.offset.data[b], work = a.ragged.length.data[b] * quads;
    if (b + 1 == a.ragged.utterances)
      for (Index at = first * C + a.ragged.length.data[b] * C + threadIdx.x; at < a.ragged.frames * C; at += kBlock)
        a.y.data[at] = 0;
    for (Index i = threadIdx.x; i < work; i += kBlock) {
      const Index t = i / quads, column = i % quads * 4;
      const Philox4 r =
          dropout_bits(key, a.uid.data[b], static_cast<std::uint32_t>(t), static_cast<std::uint32_t>(column));
      for (Index j = column; j < column + 4 && j < C; ++j) {
        const Index at = (first + t) * C + j;
        a.y.data[at] = a.x.data[at] * (uniform(r.v[j - column]) < a.p ? 0.0f : scale);
      }
    }
  }
}

}  // namespace

void dropout(GpuExec& ex, const DropoutArgs& a) {
  launch(ex, "dropout", dropout_kernel, static_cast<unsigned>(a.ragged.utterances), kBlock, a, a.x.shape[1]);
}

}  // namespace cutract
