#include <string>

#include "host/core/error.h"
#include "kernels/dct.h"
#include "kernels/deltas.h"
#include "kernels/mel.h"
#include "kernels/splice.h"

// The feature ops have no GPU code yet.
namespace cutract {
namespace {

[[noreturn]] void not_on_gpu(const char* op) {
  fail(Fault::device, std::string(op) + ": not on the GPU yet; use --device cpu");
}

}  // namespace

void mel(GpuExec&, const MelArgs&) { not_on_gpu("mel"); }
void dct(GpuExec&, const DctArgs&) { not_on_gpu("dct"); }
void deltas(GpuExec&, const DeltasArgs&) { not_on_gpu("deltas"); }
void splice(GpuExec&, const SpliceArgs&) { not_on_gpu("splice"); }

}  // namespace cutract
