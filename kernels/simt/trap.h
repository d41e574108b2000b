#pragma once

#include <csignal>
#include <vector>

namespace cutract::simt {

// While a TrapGuard exists, the signals for an invalid memory access and for a failed bounds check call `on_trap` on a
// separate stack. on_trap returns only if the signal does not concern the emulator; the previously installed handler
// then receives it.
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
