// GPU overloads of ops whose GPU files are not written yet: they say so. One file, so that the list is easy to see.
#include <string>

#include "host/core/error.h"
#include "kernels/linear.h"
#include "kernels/sum_squares.h"

namespace cutract {
namespace {

[[noreturn]] void not_yet(const char* op) {
  fail(Fault::device, std::string(op) + ": not on the GPU yet; use --device cpu");
}

}  // namespace

void linear(GpuExec&, const LinearArgs&) { not_yet("linear"); }
void linear_backward(GpuExec&, const LinearBackwardArgs&) { not_yet("linear_backward"); }
void sum_squares(GpuExec&, const SumSquaresArgs&) { not_yet("sum_squares"); }

}  // namespace cutract
