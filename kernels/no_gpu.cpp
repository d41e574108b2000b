// GPU overloads in a build without CUDA, for the ops that have a .cu file.
#include "host/core/error.h"
#include "kernels/adam.h"
#include "kernels/dct.h"
#include "kernels/deltas.h"
#include "kernels/dropout.h"
#include "kernels/loss.h"
#include "kernels/lstm.h"
#include "kernels/mel.h"
#include "kernels/splice.h"

namespace cutract {

void adam(GpuExec&, const AdamArgs&) { fail(Fault::device, "adam: " + why_no_gpu()); }
void dct(GpuExec&, const DctArgs&) { fail(Fault::device, "dct: " + why_no_gpu()); }
void deltas(GpuExec&, const DeltasArgs&) { fail(Fault::device, "deltas: " + why_no_gpu()); }
void dropout(GpuExec&, const DropoutArgs&) { fail(Fault::device, "dropout: " + why_no_gpu()); }
void loss(GpuExec&, const LossArgs&) { fail(Fault::device, "loss: " + why_no_gpu()); }
void lstm(GpuExec&, const LstmArgs&) { fail(Fault::device, "lstm: " + why_no_gpu()); }
void lstm_backward(GpuExec&, const LstmBackwardArgs&) { fail(Fault::device, "lstm_backward: " + why_no_gpu()); }
void mel(GpuExec&, const MelArgs&) { fail(Fault::device, "mel: " + why_no_gpu()); }
void splice(GpuExec&, const SpliceArgs&) { fail(Fault::device, "splice: " + why_no_gpu()); }

}  // namespace cutract
