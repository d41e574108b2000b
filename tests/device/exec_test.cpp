#include "host/device/exec.h"

#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(CpuExec, RunsEachTaskOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    const CpuExec ex(threads);
    EXPECT_EQ(ex.threads(), threads);
    for (const Index tasks : {0, 1, 2, 3, 7, 8, 1000}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks) + 1);
      ex.parallel(tasks, [&](Index i) { ++runs[static_cast<std::size_t>(i)]; });
      for (Index i = 0; i < tasks; ++i) ASSERT_EQ(runs[static_cast<std::size_t>(i)], 1) << i << " of " << tasks;
      EXPECT_EQ(runs.back(), 0);
    }
  }
}

// Many short rounds: a worker that is late for one must not take tasks of the next twice, nor hang.
TEST(CpuExec, IsReusedManyTimes) {
  const CpuExec ex(4);
  std::int64_t total = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::int64_t> out(5);
    ex.parallel(5, [&](Index i) { out[static_cast<std::size_t>(i)] = i + 1; });
    for (const auto v : out) total += v;  // all written, and visible here, when parallel returns
  }
  EXPECT_EQ(total, 5000 * 15);
}

TEST(CpuExec, WorksInSeveralThreads) {
  const CpuExec ex(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::atomic<int> inside{0};
  ex.parallel(3, [&](Index) {
    ++inside;
    for (int ms = 0; inside < 3 && ms < 10'000; ++ms) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), 3u);  // each waited for the others
}

TEST(CpuExec, ThrowsTheErrorOfTheLowestTaskAfterAllHaveRun) {
  for (const int threads : {1, 2, 8}) {
    const CpuExec ex(threads);
    for (int again = 0; again < 50; ++again) {
      std::atomic<int> runs{0};
      const auto work = [&](Index i) {
        ++runs;
        if (i % 10 == 7) fail(Fault::data, "task " + std::to_string(i));
      };
      EXPECT_FAULT(ex.parallel(100, work), Fault::data, "task 7");
      EXPECT_EQ(runs, 100);
    }
    EXPECT_FAULT(ex.parallel(1, [](Index) { fail(Fault::io, "alone"); }), Fault::io, "alone");
    int fine = 0;
    ex.parallel(1, [&](Index) { ++fine; });  // the error is not thrown again
    EXPECT_EQ(fine, 1);
  }
}

// Task 1 is the first to throw in time, task 0 by number.
TEST(CpuExec, TheClockDoesNotChooseTheError) {
  const CpuExec ex(2);
  std::atomic<bool> first_is_out{false};
  const auto work = [&](Index i) {
    if (i == 1) {
      first_is_out = true;
      fail(Fault::data, "task 1");
    }
    for (int ms = 0; !first_is_out && ms < 10'000; ++ms) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    fail(Fault::data, "task 0");
  };
  EXPECT_FAULT(ex.parallel(2, work), Fault::data, "task 0");
}

TEST(CpuExec, ZeroThreadsMeansEveryCore) {
  const CpuExec ex(0);
  EXPECT_GE(ex.threads(), 1);
  EXPECT_LE(ex.threads(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

TEST(CpuExec, MovesWithItsThreads) {
  CpuExec a(2);
  CpuExec b = std::move(a);
  std::atomic<int> runs{0};
  b.parallel(9, [&](Index) { ++runs; });
  CpuExec c(1);
  c = std::move(b);
  c.parallel(9, [&](Index) { ++runs; });
  EXPECT_EQ(runs, 18);
  EXPECT_EQ(c.threads(), 2);
}

TEST(GpuExec, SaysWhyThereIsNone) {
  const std::string why = why_no_gpu();
  if (why.empty()) GTEST_SKIP() << "there is a GPU";
  EXPECT_FAULT(GpuExec(0), Fault::device, why);
}

}  // namespace
}  // namespace cutract
