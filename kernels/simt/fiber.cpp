#include "kernels/simt/fiber.h"

#include <cstdint>
#include <cstring>

#include "kernels/simt/asan.h"

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(CUTRACT_FIBER_UCONTEXT)

// cutract_switch(void** save, void* load): pushes the callee-saved registers on the stack, stores the stack pointer in
// *save, and continues where `load` was saved.
extern "C" void cutract_switch(void** save, void* load);

#if defined(__x86_64__)
asm(R"(
.text
.globl cutract_switch
.type cutract_switch, @function
cutract_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cutract_switch, .-cutract_switch
)");
#else
asm(R"(
.text
.globl cutract_switch
.type cutract_switch, %function
cutract_switch:
  stp x29, x30, [sp, #-160]!
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  ret
.size cutract_switch, .-cutract_switch
)");
#endif

namespace {

// The first switch to a fresh stack pops zeros and "returns" to entry.
void* prepare(std::byte* top, std::byte*, void (*entry)()) {
#if defined(__x86_64__)
  constexpr std::size_t kFrame = 8, kReturn = 6;  // 6 registers, the return address, and the (null) caller of entry
#else
  constexpr std::size_t kFrame = 20, kReturn = 1;  // x30 is the second of 20 words
#endif
  auto* frame = reinterpret_cast<std::uintptr_t*>(top) - kFrame;
  std::memset(frame, 0, kFrame * sizeof *frame);
  frame[kReturn] = reinterpret_cast<std::uintptr_t>(entry);
  return frame;
}

void* scheduler = nullptr;
void to_fiber(void** context) { cutract_switch(&scheduler, *context); }
void to_scheduler(void** context) { cutract_switch(context, scheduler); }

}  // namespace

#else
#include <ucontext.h>

namespace {

// The ucontext_t of a fiber is stored at the bottom of its stack.
ucontext_t scheduler;
void* prepare(std::byte* top, std::byte* bottom, void (*entry)()) {
  auto* context = reinterpret_cast<ucontext_t*>(bottom);
  getcontext(context);
  context->uc_stack.ss_sp = bottom + sizeof(ucontext_t);
  context->uc_stack.ss_size = static_cast<std::size_t>(top - bottom) - sizeof(ucontext_t);
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}
void to_fiber(void** context) { swapcontext(&scheduler, static_cast<ucontext_t*>(*context)); }
void to_scheduler(void** context) { swapcontext(static_cast<ucontext_t*>(*context), &scheduler); }

}  // namespace
#endif

namespace cutract::simt {
namespace {

Fiber* running = nullptr;
#ifdef CUTRACT_ASAN
const void* scheduler_bottom = nullptr;  // set when the first fiber begins
std::size_t scheduler_bytes = 0;
#endif

// Called by a fiber first after every switch into it.
void arrived() {
#ifdef CUTRACT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_bottom, &scheduler_bytes);
#endif
}

void (*begin)() = nullptr;
void first_frame() {
  arrived();
  begin();
}

}  // namespace

void Fiber::start(Stack stack, void (*entry)()) {
  stack_ = stack;
  begin = entry;
  fake_stack_ = nullptr;
#ifdef CUTRACT_ASAN  // the frames of the fiber that previously had this stack were never left
  __asan_unpoison_memory_region(stack.top - 4096, 4096);
#endif
  context_ = prepare(stack.top, stack.bottom, first_frame);
}

void resume(Fiber& fiber) {
  running = &fiber;
#ifdef CUTRACT_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, fiber.stack_.bottom,
                                 static_cast<std::size_t>(fiber.stack_.top - fiber.stack_.bottom));
#endif
  to_fiber(&fiber.context_);
#ifdef CUTRACT_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void suspend(bool for_good) {
  Fiber& fiber = *running;
#ifdef CUTRACT_ASAN
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fiber.fake_stack_, scheduler_bottom, scheduler_bytes);
#else
  (void)for_good;
#endif
  to_scheduler(&fiber.context_);
#ifdef CUTRACT_ASAN
  __sanitizer_finish_switch_fiber(fiber.fake_stack_, nullptr, nullptr);
#endif
}

}  // namespace cutract::simt
