// GPU overloads for a build without CUDA: each throws an error that says so.
#include <string>

#include "host/core/error.h"
#include "kernels/activation.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/rope.h"
#include "kernels/column_moments.h"
#include "kernels/depthwise_conv.h"
#include "kernels/dropout.h"
#include "kernels/frontend/dct.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/splice.h"
#include "kernels/gather.h"
#include "kernels/gemm/gemm_gpu.h"
#include "kernels/glu.h"
#include "kernels/group_norm.h"
#include "kernels/layer_norm.h"
#include "kernels/linear.h"
#include "kernels/loss.h"
#include "kernels/lstm/lstm.h"
#include "kernels/normalise.h"
#include "kernels/optim/adam.h"
#include "kernels/optim/next_batch.h"
#include "kernels/optim/sgd.h"
#include "kernels/optim/step_scalars.h"
#include "kernels/optim/sum_squares.h"
#include "kernels/scaled_add.h"
#include "kernels/score_sums.h"

namespace cutract {
namespace {

[[noreturn]] void no_gpu(const char* op) { fail(Fault::device, std::string(op) + ": " + why_no_gpu()); }

}  // namespace

void activation(GpuExec&, const ActivationArgs&) { no_gpu("activation"); }
void activation_backward(GpuExec&, const ActivationBackwardArgs&) { no_gpu("activation_backward"); }
void adam(GpuExec&, const AdamArgs&) { no_gpu("adam"); }
void attention(GpuExec&, const AttentionArgs&) { no_gpu("attention"); }
void attention_backward(GpuExec&, const AttentionBackwardArgs&) { no_gpu("attention_backward"); }
void column_moments(GpuExec&, const ColumnMomentsArgs&) { no_gpu("column_moments"); }
void dct(GpuExec&, const DctArgs&) { no_gpu("dct"); }
void deltas(GpuExec&, const DeltasArgs&) { no_gpu("deltas"); }
void depthwise_conv(GpuExec&, const DepthwiseConvArgs&) { no_gpu("depthwise_conv"); }
void depthwise_conv_backward(GpuExec&, const DepthwiseConvBackwardArgs&) { no_gpu("depthwise_conv_backward"); }
void dropout(GpuExec&, const DropoutArgs&) { no_gpu("dropout"); }
void gather(GpuExec&, const GatherArgs&) { no_gpu("gather"); }
void gemm(GpuExec&, Index, Index, Index, GemmOperand, GemmOperand, bool, float*, Index, Precision) { no_gpu("gemm"); }
void glu(GpuExec&, const GluArgs&) { no_gpu("glu"); }
void glu_backward(GpuExec&, const GluBackwardArgs&) { no_gpu("glu_backward"); }
void group_norm(GpuExec&, const GroupNormArgs&) { no_gpu("group_norm"); }
void group_norm_backward(GpuExec&, const GroupNormBackwardArgs&) { no_gpu("group_norm_backward"); }
void layer_norm(GpuExec&, const LayerNormArgs&) { no_gpu("layer_norm"); }
void layer_norm_backward(GpuExec&, const LayerNormBackwardArgs&) { no_gpu("layer_norm_backward"); }
void linear(GpuExec&, const LinearArgs&) { no_gpu("linear"); }
void linear_backward(GpuExec&, const LinearBackwardArgs&) { no_gpu("linear_backward"); }
void loss(GpuExec&, const LossArgs&) { no_gpu("loss"); }
void lstm(GpuExec&, const LstmArgs&) { no_gpu("lstm"); }
Index lstm_reserve_bytes(GpuExec&, const LstmArgs&) { no_gpu("lstm"); }
void lstm_backward(GpuExec&, const LstmBackwardArgs&) { no_gpu("lstm_backward"); }
void mel(GpuExec&, const MelArgs&) { no_gpu("mel"); }
void next_batch(GpuExec&, const NextBatchArgs&) { no_gpu("next_batch"); }
void normalise(GpuExec&, const NormaliseArgs&) { no_gpu("normalise"); }
void rope(GpuExec&, const RopeArgs&) { no_gpu("rope"); }
void scaled_add(GpuExec&, const ScaledAddArgs&) { no_gpu("scaled_add"); }
void score_sums(GpuExec&, const ScoreSumsArgs&) { no_gpu("score_sums"); }
void sgd(GpuExec&, const SgdArgs&) { no_gpu("sgd"); }
void splice(GpuExec&, const SpliceArgs&) { no_gpu("splice"); }
void sum_squares(GpuExec&, const SumSquaresArgs&) { no_gpu("sum_squares"); }
void step_scalars(GpuExec&, const StepScalarsArgs&) { no_gpu("step_scalars"); }

}  // namespace cutract
