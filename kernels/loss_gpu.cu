#include "host/core/plant.h"
#include "kernels/block_sum.cuh"
#include "kernels/loss.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 1024;

// One block owns the whole sum: thread k adds elements k, k + 1024, ... in order, and a tree adds the threads' sums, so
// every run gives the same bits. N * P is a few hundred thousand at most; the time is not measured on a GPU yet.
__global__ void __launch_bounds__(kBlock) loss_kernel(LossArgs a) {
  __shared__ double part[kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const int last = a.ragged.utterances - 1;
  const Index frames = CUTRACT_PLANTED("loss_counts_rows_behind") ? a.y.shape[0]
                       : last < 0                                 ? 0
                                  : a.ragged.offset.data[last] + a.ragged.length.data[last];
  const Index n = frames * a.y.shape[1];
  const double scale = n > 0 ? 1.0 / static_cast<double>(n) : 0.0;
  double sum = 0;
  for (Index i = thread; i < n; i += kBlock) {
    const LossPoint p = loss_point(a.kind, a.y.data[i], a.target.data[i], scale);
    sum += p.value;
    if (a.dy.data) a.dy.data[i] = p.gradient;
  }
  if (a.dy.data)
    for (Index i = n + thread; i < a.dy.size(); i += kBlock) a.dy.data[i] = 0;
  sum = block_sum<kBlock>(sum, part);
  if (thread == 0) a.value.data[0] = sum * scale;
}

}  // namespace

void loss(GpuExec& ex, const LossArgs& a) { launch(ex, "loss", loss_kernel, 1u, kBlock, a); }

}  // namespace cutract
