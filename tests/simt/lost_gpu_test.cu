// Runs on hardware only: after an illegal access every call fails, and the process ends with one sentence and exit code
// 7.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "host/core/error.h"
#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

__global__ void writes_to_nowhere(int* nowhere) { nowhere[threadIdx.x] = 1; }

// Throws while buffers and an executor have to be destroyed.
void lose_the_gpu() {
  const auto began = std::chrono::steady_clock::now();
  try {
    Exec ex(std::in_place_type<GpuExec>, 0);
    const Buffer<float> held(ex, 1000);
    launch(std::get<GpuExec>(ex), "sample", writes_to_nowhere, 1, 32, reinterpret_cast<int*>(16));
    held.values(ex);
  } catch (const Error& e) {
    const bool soon = std::chrono::steady_clock::now() - began < std::chrono::seconds(30);  // includes starting CUDA
    std::fputs(e.what(), stderr);
    std::_Exit(soon ? static_cast<int>(e.fault()) : 1);
  }
  std::_Exit(0);
}

// Runs in a separate process, which loses the GPU.
class LostGpuDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    if (const std::string why = why_no_gpu(); !why.empty()) GTEST_SKIP() << why;
  }
};
TEST_F(LostGpuDeathTest, EndsWithExitCode7) {
  EXPECT_EXIT(lose_the_gpu(), testing::ExitedWithCode(7), "this process has lost the GPU");
}

}  // namespace
}  // namespace cutract::test
