#pragma once

#include <csignal>
#include <vector>

namespace cutract::simt {

// While one exists, the signals of a wrong memory access or of a failed bounds check call `on_trap` on a stack of
// their own. It returns only if the signal is not the emulator's: then what was installed before gets it.
class TrapGuard {
 public:
  using Handler = void (*)(int signal, const void* address);
  explicit TrapGuard(Handler on_trap);
  ~TrapGuard();
  TrapGuard(const TrapGuard&) = delete;
  TrapGuard& operator=(const TrapGuard&) = delete;

 private:
  void restore();
  static void handle(int, siginfo_t*, void*);
  std::vector<struct sigaction> before_;
  stack_t stack_before_{};
};

}  // namespace cutract::simt
