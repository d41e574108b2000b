#include "host/core/plant.h"
#include "kernels/column_moments.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kColumns = 32, kParts = 8;

// A block owns 32 columns of one utterance. Thread (c, p) adds frames p, p + 8, ... of column c in order, and every
// thread adds the parts in order, so every run gives the same bits.
__global__ void __launch_bounds__(kColumns* kParts) column_moments_kernel(ColumnMomentsArgs a) {
  auto* part = reinterpret_cast<Deviations*>(simt::shared_memory());  // [kParts, kColumns]
  const Index u = blockIdx.x, C = a.mean.shape[1], T = a.frames.data[u];
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const Index c = Index(blockIdx.y) * kColumns + x;
  const float* rows = a.rows.data[u];
  const bool skip = a.measured.data != nullptr;
  double mean = 0, square = 0;
  Index measured = 0;
  for (int pass = 0; pass < 2; ++pass) {  // first the mean, then the deviations from it
    Deviations mine;
    if (c < C)
      for (Index t = y; t < T; t += kParts)
        if (const float v = rows[t * C + c]; !skip || !is_missing(v)) mine.add(static_cast<double>(v) - mean);
    part[y * kColumns + x] = mine;
    __syncthreads();
    Deviations all;
    for (int p = 0; p < kParts; ++p) all.add(part[p * kColumns + x]);
    __syncthreads();
    measured = all.frames;
    if (measured == 0) continue;
    if (pass == 0 && !CUTRACT_PLANTED("moments_about_zero")) mean = all.drift / static_cast<double>(measured);
    if (pass == 1) square = all.about_the_mean();
  }
  if (c < C && y == 0) {
    a.mean.row(u)[c] = mean;
    a.square.row(u)[c] = square;
    if (skip) a.measured.row(u)[c] = measured;
  }
}

}  // namespace

void column_moments(GpuExec& ex, const ColumnMomentsArgs& a) {
  const Geometry g{{static_cast<unsigned>(a.rows.shape[0]), grid_for(a.mean.shape[1], kColumns)},
                   {kColumns, kParts},
                   sizeof(Deviations) * kColumns * kParts};
  launch(ex, "column_moments", column_moments_kernel, g, a);
}

}  // namespace cutract
