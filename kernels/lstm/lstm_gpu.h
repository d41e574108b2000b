#pragma once

#include <cstdint>

#include "host/device/exec.h"
#include "kernels/lstm/lstm.h"

// The recurrent part of the LSTM on the GPU, which runs between the matrix products over all frames. Not an op:
// lstm_gpu.cu calls it.
namespace cutract {

// Arguments of the recurrent kernels. The position of each frame is read on the device, so a captured launch serves
// every batch with the same number of utterances.
struct LstmSteps {
  const float *w_hh[2], *b_ih[2], *b_hh[2];  // [D], each as in LstmWeights
  const std::int32_t *offset, *length;       // [B], longest first
  int utterances, directions, H;
  float* gates;  // [N, D, 4H]
};
// gates holds W x on entry and the activated gates on exit.
struct LstmStepsForward : LstmSteps {
  const float* w_t[2];  // [D], transpose of w_hh, [H, 4H]; not read by the persistent engine
  float *c, *h;         // [N, D, H]
};
// gates holds the activated gates on entry and their gradients before activation on exit.
struct LstmStepsBackward : LstmSteps {
  const float *c, *h, *dh;  // [N, D, H]
};

// The general engine: fp32, any H. Each step reads the weights from the L2 cache.
void lstm_steps(GpuExec&, const LstmStepsForward&);
void lstm_steps(GpuExec&, const LstmStepsBackward&);

// The persistent engine: H is 64 or 128, and the weights stay in registers and shared memory for all steps.
void lstm_persistent(GpuExec&, const LstmStepsForward&, Precision);
void lstm_persistent(GpuExec&, const LstmStepsBackward&, Precision);
void lstm_persistent_fp32(GpuExec&, const LstmStepsForward&);  // the fp32 variant
void lstm_persistent_fp32(GpuExec&, const LstmStepsBackward&);

// The cluster engine divides the units of a direction among the blocks of a cluster (compute capability 9.0). H is 128,
// 256, 384 or 512. The number of blocks does not affect the results, bit for bit.
inline int lstm_cluster_size(int H, int utterances, int directions) {
  constexpr int kAtOnce = 128;  // blocks resident on the 132 multiprocessors of an H100, one each (estimated)
  const int tiles = (utterances + 7) / 8, fewest = H == 512 ? 16 : H == 384 ? 8 : H / 64;  // blocks to hold the weights
  int blocks = H == 512 ? 16 : 8;
  while (blocks > fewest && tiles * directions * blocks > kAtOnce) blocks /= 2;
  return blocks;
}
void lstm_cluster(GpuExec&, const LstmStepsForward&);
void lstm_cluster(GpuExec&, const LstmStepsBackward&);

}  // namespace cutract
