#pragma once

#include "kernels/simt/stacks.h"

namespace cutract::simt {

// A thread of the emulated GPU: it has its own stack and is switched to and from in a few instructions. x86-64 and
// aarch64 have their own switch, because swapcontext makes a system call each time; other architectures use ucontext.
// AddressSanitizer is told about every switch.
class Fiber {
 public:
  // Prepares to run entry(), which must never return, on this stack.
  void start(Stack, void (*entry)());
  Stack stack() const { return stack_; }

 private:
  friend void resume(Fiber&);
  friend void suspend(bool);
  void* context_ = nullptr;     // saved position: a stack pointer, or a ucontext_t on its own stack
  void* fake_stack_ = nullptr;  // of AddressSanitizer
  Stack stack_;
};

// Switches from the scheduler to a fiber; returns when that fiber suspends.
void resume(Fiber&);
// Switches from a fiber back to the scheduler. With `for_good`, the fiber is never resumed. Can be called in a signal
// handler.
void suspend(bool for_good = false);

}  // namespace cutract::simt
