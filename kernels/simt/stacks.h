#pragma once

#include <cstddef>
#include <memory>

namespace cutract::simt {

struct Stack {
  std::byte *bottom = nullptr, *top = nullptr;  // grows from top down to bottom; below that is a guard page
};

// A pool of stacks for fibers. The stack returned last is handed out first, so threads that never wait all run on one
// warm stack.
class StackPool {
 public:
  StackPool();
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  Stack take();
  void give_back(Stack);
  void give_back_all();  // after a fault: also returns those whose fibers never ended
  bool in_guard(const void* address) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cutract::simt
