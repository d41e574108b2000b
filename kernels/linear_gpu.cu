#include "kernels/gemm_gpu.h"
#include "kernels/linear.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr Index kRows = 512;  // of one partial column sum

// One thread owns one element of y.
__global__ void __launch_bounds__(kBlock) bias_kernel(LinearArgs a, Index n, Index O) {
  const Index stride = Index(gridDim.x) * kBlock;
  for (Index at = Index(blockIdx.x) * kBlock + threadIdx.x; at < n; at += stride) a.y.data[at] = a.b.data[at % O];
}

// One thread owns the sum of one column over 512 rows (blockIdx.y), taken in order: neighbours read neighbours.
__global__ void __launch_bounds__(kBlock) partial_sums_kernel(const float* m, Index rows, Index cols, double* sums) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x, first = Index(blockIdx.y) * kRows;
  if (c >= cols) return;
  const Index last = first + kRows < rows ? first + kRows : rows;
  double sum = 0;
  for (Index r = first; r < last; ++r) sum += static_cast<double>(m[r * cols + c]);
  sums[Index(blockIdx.y) * cols + c] = sum;
}

// One thread owns one column: adds its partial sums in order.
__global__ void __launch_bounds__(kBlock) add_sums_kernel(const double* sums, Index chunks, Index cols, float* out) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (c >= cols) return;
  double sum = 0;
  for (Index i = 0; i < chunks; ++i) sum += sums[i * cols + c];
  out[c] += static_cast<float>(sum);
}

void add_column_sums(GpuExec& ex, const float* m, Index rows, Index cols, float* out) {
  const Index chunks = (rows + kRows - 1) / kRows;
  double* sums = ex.workspace(chunks * cols);
  const unsigned blocks = grid_for(cols, kBlock);
  launch(ex, "column_sums", partial_sums_kernel, Geometry{{blocks, static_cast<unsigned>(chunks)}, {kBlock}}, m, rows,
         cols, sums);
  launch(ex, "column_sums", add_sums_kernel, blocks, kBlock, sums, chunks, cols, out);
}

}  // namespace

void linear(GpuExec& ex, const LinearArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  launch(ex, "linear", bias_kernel, grid_for(N * O, kBlock), kBlock, a, N * O, O);
  gemm(ex, N, O, I, {a.x.data, I}, {a.w.data, I, true}, true, a.y.data, O);
}

void linear_backward(GpuExec& ex, const LinearBackwardArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  if (a.dx.data) gemm(ex, N, I, O, {a.dy.data, O}, {a.w.data, I}, false, a.dx.data, I);
  gemm(ex, O, I, N, {a.dy.data, O, true}, {a.x.data, I}, true, a.dw.data, I);
  add_column_sums(ex, a.dy.data, N, O, a.db.data);
}

}  // namespace cutract
