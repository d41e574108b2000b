#pragma once

#include "kernels/simt/stacks.h"

namespace cutract::simt {

// A thread of the emulated GPU: its own stack, switched to and from by a few instructions. x86-64 and aarch64 have a
// switch of their own (swapcontext makes a system call each time); anything else takes ucontext. AddressSanitizer is
// told about every switch.
class Fiber {
 public:
  // Prepares to run entry(), which must never return, on this stack.
  void start(Stack, void (*entry)());
  Stack stack() const { return stack_; }

 private:
  friend void resume(Fiber&);
  friend void suspend(bool);
  void* context_ = nullptr;     // where it stands: a stack pointer, or a ucontext_t on its own stack
  void* fake_stack_ = nullptr;  // AddressSanitizer's
  Stack stack_;
};

// From the scheduler into a fiber; returns when that fiber suspends.
void resume(Fiber&);
// From a fiber back to the scheduler. With `for_good` the fiber is never resumed. May be called in a signal handler.
void suspend(bool for_good = false);

}  // namespace cutract::simt
