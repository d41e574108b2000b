#include "host/device/gpu_faults.h"

#include "host/device/exec.h"
#include "host/device/memory.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr Index kMiB = 1 << 20;

TEST(GpuFaults, OutOfMemorySaysWhatForAndHowMuch) {
  EXPECT_FAULT(
      fail_out_of_gpu_memory("the activations of a step", 1280 * kMiB, {.free = 614 * kMiB, .total = 81110 * kMiB}),
      Fault::memory,
      "out of GPU memory for the activations of a step: wanted 1280.0 MiB, 614.0 of 81110.0 MiB are free");
  EXPECT_FAULT(fail_out_of_gpu_memory("cuBLAS", kMiB, {}), Fault::memory,
               "out of GPU memory for cuBLAS: wanted 1.0 MiB");
}

TEST(GpuFaults, TheHostsMemoryToo) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer ends the process instead";
#endif
  Exec ex = CpuExec(1);
  EXPECT_FAULT(Memory(ex, Index{1} << 60, Place::device, "the model's parameters"), Fault::memory,
               "out of memory for the model's parameters: wanted 1099511627776.0 MiB");
}

TEST(GpuFaults, WhyCudaDoesNotStart) {
  EXPECT_EQ(why_no_cuda(0, 13000, "driver too old (cudaErrorInsufficientDriver)"), "no NVIDIA driver is installed");
  EXPECT_EQ(why_no_cuda(12040, 13000, "driver too old (cudaErrorInsufficientDriver)"),
            "the NVIDIA driver is too old: it supports CUDA 12.4, this build needs 13.0; update the driver");
  EXPECT_EQ(why_no_cuda(13000, 13010, "no device (cudaErrorNoDevice)"), "no device (cudaErrorNoDevice)");
}

TEST(GpuFaults, ALostGpuNeedsANewProcess) {
  EXPECT_EQ(lost_gpu("lstm", "an illegal memory access was encountered (cudaErrorIllegalAddress)"),
            "lstm: an illegal memory access was encountered (cudaErrorIllegalAddress); this process has lost the GPU "
            "(CUTRACT_SYNC=1 would name the kernel that failed)");
}

// Without a GPU: one sentence, and the fault that exits with 7.
TEST(GpuFaults, WithoutAGpuItSaysSo) {
  if (why_no_gpu().empty()) GTEST_SKIP() << "there is one";
  EXPECT_FAULT(GpuExec(0), Fault::device, why_no_gpu());
}

}  // namespace
}  // namespace cutract
