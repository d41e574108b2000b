#include "kernels/gemm/gemm_cpu.h"

#include <cblas.h>
#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "host/core/error.h"

namespace cutract {
namespace {

constexpr Index kTileRows = 128;

// While one exists, OpenBLAS computes in the threads that call it: with threads of its own, the bits would depend on
// their number. The number belongs to the process, which may use OpenBLAS for other work, so the last of simultaneous
// calls restores it.
class OneBlasThread {
 public:
  OneBlasThread() {
    const std::lock_guard lock(mutex);
    if (calls++ > 0) return;
    before = openblas_get_num_threads();
    openblas_set_num_threads(1);
  }
  ~OneBlasThread() {
    const std::lock_guard lock(mutex);
    if (--calls == 0) openblas_set_num_threads(before);
  }
  OneBlasThread(const OneBlasThread&) = delete;
  OneBlasThread& operator=(const OneBlasThread&) = delete;

 private:
  static inline std::mutex mutex;
  static inline int calls = 0, before = 1;
};

// OpenBLAS takes a buffer for each thread that calls it, and tries for ever if there is no memory for one. False: this
// thread must not call it.
bool has_blas_buffer() {
  constexpr std::size_t kBytes = std::size_t{136} << 20;  // 128 MiB and what malloc adds
  thread_local bool has = false;
  if (has) return true;
  void* room = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  munmap(room, kBytes);
  has = true;
  return true;
}

}  // namespace

void gemm(const CpuExec& ex, Index m, Index n, Index k, GemmOperand a, GemmOperand b, bool add, float* c, Index ldc) {
  if (m == 0 || n == 0) return;
  const OneBlasThread one_thread;
  const auto dim = [](Index v) { return static_cast<blasint>(v); };
  const auto multiply = [&](Index tile) {
    const Index first = tile * kTileRows, rows = std::min(kTileRows, m - first);
    const float* tile_a = a.data + (a.transposed ? first : first * a.ld);
    cblas_sgemm(CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans,
                dim(rows), dim(n), dim(k), 1.0f, tile_a, dim(a.ld), b.data, dim(b.ld), add ? 1.0f : 0.0f,
                c + first * ldc, dim(ldc));
  };
  if (!has_blas_buffer())
    fail(Fault::memory,
         "out of memory: OpenBLAS needs 128 MiB for each thread and there is less; close other programs");
  const Index tiles = (m + kTileRows - 1) / kTileRows;
  std::vector<char> left(static_cast<std::size_t>(tiles));
  ex.parallel(tiles, [&](Index tile) {
    if (has_blas_buffer())
      multiply(tile);
    else
      left[static_cast<std::size_t>(tile)] = 1;
  });
  for (Index tile = 0; tile < tiles; ++tile)  // the calling thread has a buffer
    if (left[static_cast<std::size_t>(tile)]) multiply(tile);
}

}  // namespace cutract
