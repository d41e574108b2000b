#include "host/device/exec.h"

#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace cutract {
namespace {

int usable_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

// threads - 1 workers and the caller take tasks from one counter until none are left.
class CpuExec::Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  }
  ~Pool() {
    for (auto& w : workers_) w.request_stop();
    wake_.notify_all();
  }
  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  void run(Index tasks, const std::function<void(Index)>& fn) {
    const bool alone = workers_.empty() || tasks <= 1;
    {
      const std::lock_guard lock(mutex_);
      fn_ = &fn;
      tasks_ = tasks;
      error_ = nullptr;
      next_.store(0);
      if (!alone) {
        busy_ = static_cast<int>(workers_.size());
        ++round_;
      }
    }
    if (!alone) wake_.notify_all();
    drain();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

 private:
  void drain() {
    for (Index i = next_.fetch_add(1); i < tasks_; i = next_.fetch_add(1)) {
      try {
        (*fn_)(i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!error_ || i < failed_) {
          error_ = std::current_exception();
          failed_ = i;
        }
      }
    }
  }
  void work(const std::stop_token& stop) {
    std::uint64_t seen = 0;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait(lock, stop, [&] { return round_ != seen; })) return;
        seen = round_;
      }
      drain();
      const std::lock_guard lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any wake_, done_;
  std::atomic<Index> next_{0};
  const std::function<void(Index)>* fn_ = nullptr;
  Index tasks_ = 0;
  std::uint64_t round_ = 0;
  int busy_ = 0;
  std::exception_ptr error_;  // of the lowest task that threw, so that it does not depend on the thread count
  Index failed_ = 0;
  std::vector<std::jthread> workers_;  // last member: joined before the rest is destroyed
};

CpuExec::CpuExec(int threads) : pool_(std::make_unique<Pool>(threads > 0 ? threads : usable_cores())) {}
CpuExec::~CpuExec() = default;
CpuExec::CpuExec(CpuExec&&) noexcept = default;
CpuExec& CpuExec::operator=(CpuExec&&) noexcept = default;
std::string describe(const Exec& ex) {
  if (const auto* gpu = std::get_if<GpuExec>(&ex)) return gpu->name();
  const int threads = std::get<CpuExec>(ex).threads();
  return "CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}
int CpuExec::threads() const { return pool_->threads(); }
void CpuExec::parallel(Index tasks, const std::function<void(Index)>& fn) const { pool_->run(tasks, fn); }

}  // namespace cutract
