#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "host/device/exec.h"
#include "host/device/memory.h"
#include "kernels/simt/simt.cuh"
#include "tests/support/support.h"

namespace cutract::test {

// Tests of the device layer. In a build for the emulated GPU they test the emulator; otherwise they run on a real GPU
// and show that the emulator behaves like hardware.
class OnGpu : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_no_gpu();
    if (!why.empty()) {
      const char* required = std::getenv("CUTRACT_REQUIRE_GPU");
      if (required && std::string(required) == "1") FAIL() << "CUTRACT_REQUIRE_GPU=1, but " << why;
      GTEST_SKIP() << why;
    }
    exec_.emplace<GpuExec>(0);
  }
  Exec& exec() { return exec_; }

  // Runs kernel(args..., out), where out has n elements of type T, and returns them.
  template <class T, class... Params, class... Args>
  std::vector<T> run(void (*kernel)(Params...), const Geometry& g, Index n, Args... args) {
    Buffer<T> out(exec_, std::vector<T>(static_cast<std::size_t>(n)));
    launch(std::get<GpuExec>(exec_), "test", kernel, g, args..., out.data());
    return out.values(exec_);
  }

 private:
  Exec exec_{std::in_place_type<CpuExec>, 1};
};

}  // namespace cutract::test
