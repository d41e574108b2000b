#include "kernels/block_sum.cuh"
#include "kernels/optim/sum_squares.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;
constexpr Index kChunk = 16384;  // elements per block

// One block owns one chunk; each thread adds every 256th element of it in order.
__global__ void __launch_bounds__(kBlock) chunk_kernel(SumSquaresArgs a, Index n, double* sums) {
  __shared__ double part[kBlock];
  const Index first = Index(blockIdx.x) * kChunk, last = first + kChunk < n ? first + kChunk : n;
  double sum = 0;
  for (Index i = first + threadIdx.x; i < last; i += kBlock) {
    const double v = static_cast<double>(a.x.data[i]);
    sum += v * v;
  }
  sum = block_sum<kBlock>(sum, part);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// One block owns the result.
__global__ void __launch_bounds__(kBlock) total_kernel(SumSquaresArgs a, Index chunks, const double* sums) {
  __shared__ double part[kBlock];
  double sum = 0;
  for (Index i = threadIdx.x; i < chunks; i += kBlock) sum += sums[i];
  sum = block_sum<kBlock>(sum, part);
  if (threadIdx.x == 0) a.value.data[0] = sum;
}

}  // namespace

void sum_squares(GpuExec& ex, const SumSquaresArgs& a) {
  const Index n = a.x.shape[0], chunks = (n + kChunk - 1) / kChunk;
  double* sums = ex.workspace(chunks);
  launch(ex, "sum_squares", chunk_kernel, static_cast<unsigned>(chunks), kBlock, a, n, sums);
  launch(ex, "sum_squares", total_kernel, 1u, kBlock, a, chunks, sums);
}

}  // namespace cutract
