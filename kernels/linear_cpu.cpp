#include <algorithm>
#include <array>

#include "kernels/gemm/gemm_cpu.h"
#include "kernels/linear.h"

namespace cutract {
namespace {

// sums[c] += sum over rows of m[r, c], in double, in row order.
void add_column_sums(const CpuExec& ex, const float* m, Index rows, Index cols, float* sums) {
  constexpr Index kBlock = 64;
  ex.parallel((cols + kBlock - 1) / kBlock, [&](Index block) {
    const Index first = block * kBlock, width = std::min(kBlock, cols - first);
    std::array<double, kBlock> total{};
    for (Index r = 0; r < rows; ++r) {
      const float* row = m + r * cols + first;
      for (Index c = 0; c < width; ++c) total[static_cast<std::size_t>(c)] += static_cast<double>(row[c]);
    }
    for (Index c = 0; c < width; ++c) sums[first + c] += static_cast<float>(total[static_cast<std::size_t>(c)]);
  });
}

}  // namespace

void linear(CpuExec& ex, const LinearArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  for (Index n = 0; n < N; ++n) std::copy_n(a.b.data, O, a.y.row(n));
  gemm(ex, N, O, I, {a.x.data, I}, {a.w.data, I, true}, true, a.y.data, O);
}

void linear_backward(CpuExec& ex, const LinearBackwardArgs& a) {
  const Index N = a.x.shape[0], I = a.x.shape[1], O = a.w.shape[0];
  if (a.dx.data) gemm(ex, N, I, O, {a.dy.data, O}, {a.w.data, I}, a.add_dx, a.dx.data, I);
  gemm(ex, O, I, N, {a.dy.data, O, true}, {a.x.data, I}, true, a.dw.data, I);
  add_column_sums(ex, a.dy.data, N, O, a.db.data);
}

}  // namespace cutract
