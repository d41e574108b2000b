// On the emulated GPU, an allocation that does not fit fails with one sentence, and the device keeps working.
#include "host/device/emulated_gpu.h"
#include "host/device/memory.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

class EmulatedMemoryTest : public testing::Test {
 protected:
  void TearDown() override { set_emulated_memory({}); }
  Exec ex_{std::in_place_type<GpuExec>, 0};
  GpuExec& gpu() { return std::get<GpuExec>(ex_); }
  const Index before_ = emulated_bytes();
};

TEST_F(EmulatedMemoryTest, WhatDoesNotFitIsRefusedAndTheRestGoesOn) {
  set_emulated_memory({.limit = before_ + (4 << 20)});
  const Buffer<float> held(ex_, 3 << 18, Place::device, "features");
  EXPECT_FAULT(Buffer<float>(ex_, 1 << 19, Place::device, "a batch"), Fault::memory,
               "out of GPU memory for a batch: wanted 2.0 MiB, 1.0 of 4.0 MiB are free");
  const std::vector<float> values{1, 2, 3};
  EXPECT_EQ(Buffer<float>(ex_, values).values(ex_), values);
  EXPECT_EQ(emulated_bytes(), before_ + (3 << 20));
}

TEST_F(EmulatedMemoryTest, TheWorkspaceOfAnOpCountsToo) {
  set_emulated_memory({.limit = before_ + (2 << 20)});
  gpu().workspace(1 << 16);
  EXPECT_EQ(emulated_bytes(), before_ + (1 << 19));
  EXPECT_FAULT(gpu().workspace(1 << 19), Fault::memory, "out of GPU memory for the workspace of an op: wanted 4.0 MiB");
  gpu().workspace(1 << 17);  // beside the first, which a captured graph may still use
  EXPECT_EQ(emulated_bytes(), before_ + (3 << 19));
}

TEST_F(EmulatedMemoryTest, TheNthAllocationFailsIfAsked) {
  set_emulated_memory({.failing = 2});
  const Buffer<float> first(ex_, 1);
  EXPECT_FAULT(Buffer<float>(ex_, 1), Fault::memory, "out of GPU memory for a buffer");
  const Buffer<float> third(ex_, 1);
  EXPECT_EQ(emulated_allocations(), 3);
}

}  // namespace
}  // namespace cutract
