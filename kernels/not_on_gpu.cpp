// GPU overloads of ops whose GPU files are not written yet: they say so. One file, so that the list is easy to see.
#include <string>

#include "host/core/error.h"
#include "kernels/lstm.h"
#include "kernels/mel.h"

namespace cutract {
namespace {

[[noreturn]] void not_yet(const char* op) {
  fail(Fault::device, std::string(op) + ": not on the GPU yet; use --device cpu");
}

}  // namespace

void mel(GpuExec&, const MelArgs&) { not_yet("mel"); }
void lstm(GpuExec&, const LstmArgs&) { not_yet("lstm"); }
void lstm_backward(GpuExec&, const LstmBackwardArgs&) { not_yet("lstm_backward"); }

}  // namespace cutract
