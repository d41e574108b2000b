#include "kernels/score_sums.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kColumns = 32, kParts = 8;

// A block owns one utterance. Thread (c, p) adds frames p, p + 8, ... of channel c in order, and the first part adds
// the parts in order, so every run gives the same bits.
__global__ void __launch_bounds__(kColumns* kParts) score_sums_kernel(ScoreSumsArgs a, Index P) {
  auto* part = reinterpret_cast<ScoreSumsAbout*>(simt::shared_memory());  // [kParts, kColumns]
  const int b = static_cast<int>(blockIdx.x), x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const Index first = a.ragged.offset.data[b], frames = a.ragged.length.data[b];
  for (Index from = 0; from < P; from += kColumns) {
    const Index c = from + x;
    if (c < P) {
      ScoreSumsAbout sums = sums_about_the_first(a, first, frames, c);
      for (Index n = first + y; n < first + frames; n += kParts) sums.add(a.predicted.row(n)[c], a.target.row(n)[c]);
      part[y * kColumns + x] = sums;
    }
    __syncthreads();
    if (c < P && y == 0) {
      ScoreSumsAbout total = part[x];
      for (int p = 1; p < kParts; ++p) total.add(part[p * kColumns + x]);
      a.out.row(a.uid.data[b])[c] = total.result();
    }
    __syncthreads();
  }
}

}  // namespace

void score_sums(GpuExec& ex, const ScoreSumsArgs& a) {
  const Geometry g{
      {static_cast<unsigned>(a.ragged.utterances)}, {kColumns, kParts}, sizeof(ScoreSumsAbout) * kColumns * kParts};
  launch(ex, "score_sums", score_sums_kernel, g, a, a.target.shape[1]);
}

}  // namespace cutract
