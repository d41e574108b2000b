#include <algorithm>

#include "kernels/glu.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kColumns = 64, kRows = 4;

// Calls work(n, c) for the elements of [N, C] that this thread owns: those of column c in every (kRows x grid size)-th
// row. Neighbouring threads take neighbouring columns, and no index is divided by C.
template <class Work>
__device__ void each_of_column(Index N, Index C, Work&& work) {
  const Index c = Index(blockIdx.x) * kColumns + threadIdx.x, stride = Index(gridDim.y) * kRows;
  if (c >= C) return;
  for (Index n = Index(blockIdx.y) * kRows + threadIdx.y; n < N; n += stride) work(n, c);
}

__global__ void __launch_bounds__(kColumns* kRows) glu_kernel(GluArgs a, Index N, Index C) {
  each_of_column(N, C, [&](Index n, Index c) {
    const float* x = a.x.data + n * 2 * C + c;
    a.y.data[n * C + c] = glu_value(x[0], x[C]);
  });
}

// A thread reads a value and its gate before it writes their gradients, so dx may be x.
__global__ void __launch_bounds__(kColumns* kRows) glu_backward_kernel(GluBackwardArgs a, Index N, Index C) {
  each_of_column(N, C, [&](Index n, Index c) {
    const float* x = a.x.data + n * 2 * C + c;
    const float dy = a.dy.data[n * C + c];
    const GluSlopes slopes = glu_slopes(x[0], x[C]);
    float* dx = a.dx.data + n * 2 * C + c;
    dx[0] = dy * slopes.value;
    dx[C] = dy * slopes.gate;
  });
}

Geometry geometry(Index N, Index C) {
  constexpr unsigned kMostRows = 65535;  // of a grid
  return {{grid_for(C, kColumns), std::min(grid_for(N, kRows), kMostRows)}, {kColumns, kRows}};
}

}  // namespace

void glu(GpuExec& ex, const GluArgs& a) {
  const Index N = a.y.shape[0], C = a.y.shape[1];
  launch(ex, "glu", glu_kernel, geometry(N, C), a, N, C);
}

void glu_backward(GpuExec& ex, const GluBackwardArgs& a) {
  const Index N = a.dy.shape[0], C = a.dy.shape[1];
  launch(ex, "glu_backward", glu_backward_kernel, geometry(N, C), a, N, C);
}

}  // namespace cutract
