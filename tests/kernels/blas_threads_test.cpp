// The number of OpenBLAS's threads belongs to the process: our products leave it as they find it.
#include <atomic>
#include <thread>

#include "kernels/linear.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

extern "C" {
void openblas_set_num_threads(int);
int openblas_get_num_threads(void);
}

namespace cutract::test {
namespace {

std::vector<float> product(Exec& ex, const std::vector<float>& x, const std::vector<float>& w) {
  constexpr Index kN = 300, kI = 40, kO = 50;
  Block<float> in(ex, x), weights(ex, w), b(ex, std::vector<float>(kO)), y(ex, kN * kO);
  linear(ex, {in.view<2>({kN, kI}), weights.view<2>({kO, kI}), b.view(), y.view<2>({kN, kO})});
  return y.values();
}

TEST(BlasThreads, AreThoseOfTheProcessAfterACall) {
  Rng rng(1);
  const std::vector<float> x = rng.normals(300 * 40), w = rng.normals(50 * 40);
  Exec ex = CpuExec(2);
  const int usual = openblas_get_num_threads();
  openblas_set_num_threads(1);
  const std::vector<float> want = product(ex, x, w);
  openblas_set_num_threads(2);
  const int before = openblas_get_num_threads();  // 1 in a build of OpenBLAS without threads
  EXPECT_BITWISE(product(ex, x, w), want);
  EXPECT_EQ(openblas_get_num_threads(), before);
  openblas_set_num_threads(usual);
}

TEST(BlasThreads, AreRestoredAfterSimultaneousCalls) {
  Rng rng(2);
  const std::vector<float> x = rng.normals(300 * 40), w = rng.normals(50 * 40);
  const int usual = openblas_get_num_threads();
  openblas_set_num_threads(2);
  const int before = openblas_get_num_threads();
  Exec one = CpuExec(1);
  const std::vector<float> want = product(one, x, w);
  std::atomic<int> different = 0;
  const auto repeat = [&] {
    Exec ex = CpuExec(1);
    for (int i = 0; i < 200; ++i)
      if (product(ex, x, w) != want) ++different;
  };
  std::thread first(repeat), second(repeat);
  first.join();
  second.join();
  EXPECT_EQ(different, 0);
  EXPECT_EQ(openblas_get_num_threads(), before);
  openblas_set_num_threads(usual);
}

}  // namespace
}  // namespace cutract::test
