#include "kernels/column_sums_gpu.h"

#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr Index kRows = 512;  // rows per partial sum

// One thread owns the sum of one column over 512 rows (blockIdx.y), added in order. Neighbouring threads read
// neighbouring floats.
__global__ void __launch_bounds__(kBlock)
    partial_sums_kernel(const float* m, Index rows, Index cols, Index ld, double* sums) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x, first = Index(blockIdx.y) * kRows;
  if (c >= cols) return;
  const Index last = first + kRows < rows ? first + kRows : rows;
  double sum = 0;
  for (Index r = first; r < last; ++r) sum += static_cast<double>(m[r * ld + c]);
  sums[Index(blockIdx.y) * cols + c] = sum;
}

// One thread owns one column and adds its partial sums in order.
__global__ void __launch_bounds__(kBlock)
    add_sums_kernel(const double* sums, Index chunks, Index cols, float* out, float* also) {
  const Index c = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (c >= cols) return;
  double sum = 0;
  for (Index i = 0; i < chunks; ++i) sum += sums[i * cols + c];
  out[c] += static_cast<float>(sum);
  if (also) also[c] += static_cast<float>(sum);
}

}  // namespace

void add_column_sums(GpuExec& ex, const float* m, Index rows, Index cols, Index ld, float* sums, float* also) {
  const Index chunks = (rows + kRows - 1) / kRows;
  double* partial = ex.workspace(chunks * cols);
  const unsigned blocks = grid_for(cols, kBlock);
  launch(ex, "column_sums", partial_sums_kernel, Geometry{{blocks, static_cast<unsigned>(chunks)}, {kBlock}}, m, rows,
         cols, ld, partial);
  launch(ex, "column_sums", add_sums_kernel, blocks, kBlock, partial, chunks, cols, sums, also);
}

}  // namespace cutract
