#include "kernels/gemm_cpu.h"

#include <cblas.h>

#include <algorithm>

namespace cutract {
namespace {

constexpr Index kTileRows = 128;

void one_thread() {
  // With OpenBLAS's own threads the bits would depend on the thread count.
  static const bool done = (openblas_set_num_threads(1), true);
  (void)done;
}

}  // namespace

void gemm(const CpuExec& ex, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc) {
  if (m == 0 || n == 0) return;
  one_thread();
  const auto dim = [](Index v) { return static_cast<blasint>(v); };
  ex.parallel((m + kTileRows - 1) / kTileRows, [&](Index tile) {
    const Index first = tile * kTileRows, rows = std::min(kTileRows, m - first);
    const float* tile_a = a.data + (a.transposed ? first : first * a.ld);
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans,
                dim(rows), dim(n), dim(k), 1.0f, tile_a, dim(a.ld), b.data, dim(b.ld), add ? 1.0f : 0.0f,
                c + first * ldc, dim(ldc));
  });
}

}  // namespace cutract
