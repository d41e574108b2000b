#pragma once

#include <cstdint>

#include "host/core/exec.h"
#include "kernels/lstm.h"

// The recurrent half of the LSTM on the GPU: what lies between the products over all frames. Not an op: lstm_gpu.cu
// calls it.
namespace cutract {

// What its kernels read and write. Where a frame lies is read on the device, so that a captured launch serves every
// batch of as many utterances.
struct LstmSteps {
  const float *w_hh[2], *b_ih[2], *b_hh[2];  // [D], each as in LstmWeights
  const std::int32_t *offset, *length;       // [B], longest first
  int utterances, directions, H;
  float* gates;  // [N, D, 4H]
};
// gates: W x on entry, activated on exit.
struct LstmStepsForward : LstmSteps {
  const float* w_t[2];  // [D], w_hh transposed, [H, 4H]; the persistent engine does not read it
  float *c, *h;         // [N, D, H]
};
// gates: activated on entry, gradients before activation on exit.
struct LstmStepsBackward : LstmSteps {
  const float *c, *h, *dh;  // [N, D, H]
};

// The general engine: fp32, any H, weights read from the L2 cache at each step.
void lstm_steps(GpuExec&, const LstmStepsForward&);
void lstm_steps(GpuExec&, const LstmStepsBackward&);

// The persistent engine: H 64 or 128, weights in registers and shared memory from the first step to the last.
void lstm_persistent(GpuExec&, const LstmStepsForward&, Precision);
void lstm_persistent(GpuExec&, const LstmStepsBackward&, Precision);
void lstm_persistent_fp32(GpuExec&, const LstmStepsForward&);  // what it does for fp32
void lstm_persistent_fp32(GpuExec&, const LstmStepsBackward&);

// The same with the units of a direction shared out among the blocks of a cluster (compute capability 9.0): H 128, 256,
// 384 or 512. No bit of the results depends on how many blocks it has.
inline int lstm_cluster_size(int H, int utterances, int directions) {
  constexpr int kAtOnce = 128;  // blocks that the 132 multiprocessors of an H100 hold, one each (estimated)
  const int tiles = (utterances + 7) / 8, fewest = H == 512 ? 16 : H == 384 ? 8 : H / 64;  // that weights fit into
  int blocks = H == 512 ? 16 : 8;
  while (blocks > fewest && tiles * directions * blocks > kAtOnce) blocks /= 2;
  return blocks;
}
void lstm_cluster(GpuExec&, const LstmStepsForward&);
void lstm_cluster(GpuExec&, const LstmStepsBackward&);

}  // namespace cutract
