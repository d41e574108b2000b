#include "kernels/simt/trap.h"

#include <array>
#include <cstddef>

namespace cutract::simt {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGILL, SIGTRAP};
TrapGuard* active = nullptr;
TrapGuard::Handler handler = nullptr;
alignas(16) std::byte alternate[64 * 1024];  // the thread's own stack may have overflowed

}  // namespace

TrapGuard::TrapGuard(Handler on_trap) : before_(kSignals.size()) {
  active = this;
  handler = on_trap;
  stack_t stack{};
  stack.ss_sp = alternate;
  stack.ss_size = sizeof alternate;
  sigaltstack(&stack, &stack_before_);
  struct sigaction action {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;  // the handler may be left by a switch of stacks
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
}

TrapGuard::~TrapGuard() { restore(); }

void TrapGuard::restore() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
  sigaltstack(&stack_before_, nullptr);
}

void TrapGuard::handle(int signal, siginfo_t* info, void*) {
  handler(signal, info->si_addr);
  active->restore();  // the repeated instruction then reaches the previous handler
}

}  // namespace cutract::simt
