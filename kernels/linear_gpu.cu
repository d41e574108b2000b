#include "kernels/column_sums_gpu.h"
#include "kernels/gemm/gemm_gpu.h"
#include "kernels/linear.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of y.
__global__ void __launch_bounds__(kBlock) bias_kernel(LinearArgs a, Index n, Index O) {
  const Index stride = Index(gridDim.x) * kBlock;
  for (Index at = Index(blockIdx.x) * kBlock + threadIdx.x; at < n; at += stride) a.y.data[at] = a.b.data[at % O];
}

}  // namespace

void linear(GpuExec& ex, const LinearArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  launch(ex, "linear", bias_kernel, grid_for(N * O, kBlock), kBlock, a, N * O, O);
  gemm(ex, N, O, I, {a.x.data, I}, {a.w.data, I, true}, true, a.y.data, O, a.precision);
}

void linear_backward(GpuExec& ex, const LinearBackwardArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  if (a.dx.data) gemm(ex, N, I, O, {a.dy.data, O}, {a.w.data, I}, a.add_dx, a.dx.data, I, a.precision);
  gemm(ex, O, I, N, {a.dy.data, O, true}, {a.x.data, I}, true, a.dw.data, I, a.precision);
  add_column_sums(ex, a.dy.data, N, O, O, a.db.data);
}

}  // namespace cutract
