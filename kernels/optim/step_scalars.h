#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/optim/adam.h"
#include "kernels/optim/learning_rate.h"
#include "kernels/optim/sgd.h"

namespace cutract {

// Counters and sums of the steps taken so far. Kept in the executor's memory, so that the host need not wait for a
// step.
struct StepRecord {
  Index steps = 0;    // updates made, over all epochs
  Index batches = 0;  // batches of this epoch seen so far, finite or not; also the index of the next one in the plan
  Index frames = 0, taken = 0;          // this epoch: frames of finite steps, and the number of those steps
  Index in_a_row = 0, longest_row = 0;  // consecutive non-finite steps: now, and the maximum in this epoch
  Index first_bad = -1;                 // index of the first non-finite batch of this epoch
  double loss_sum = 0, norm_sum = 0;    // over finite steps: loss times frames; gradient norm before clipping
  double loss = 0, grad_norm = 0;       // of the latest step
};

// Decides on the update of a step. If the loss or the gradient is not finite, the step is skipped (`scalars` says
// skip). Otherwise it computes the learning rate and the scalars of the optimizer, with the gradient clipped by its
// global norm as in torch.nn.utils.clip_grad_norm_.
struct StepScalarsArgs {
  AdamSettings adam;
  double clip = 0;             // 0: off
  View<const double, 1> lr;    // [1] of the epoch
  View<const double, 1> sums;  // [2] loss; squared norm of the gradient
  Ragged ragged;               // the batch; its number of frames weights the loss
  View<StepRecord, 1> record;  // [1]
  View<StepRecord, 1> mirror;  // [1] in memory the host can read, to show progress; or null
  View<AdamStep, 1> scalars;   // [1], or null with SGD
  RateCurve rate = {};         // moves the rate with each update
  SgdSettings sgd = {};
  View<SgdStep, 1> sgd_scalars = {};  // [1], or null with Adam
};
void step_scalars(Exec&, const StepScalarsArgs&);
void step_scalars(CpuExec&, const StepScalarsArgs&);
void step_scalars(GpuExec&, const StepScalarsArgs&);

CUTRACT_HD inline void judge_step(const StepScalarsArgs& a) {
  StepRecord& r = a.record.data[0];
  const double infinity = HUGE_VAL;
  r.loss = a.sums.data[0];
  r.grad_norm = std::sqrt(a.sums.data[1]);
  const bool finite = r.loss < infinity && r.loss > -infinity && r.grad_norm < infinity;
  if (finite) {
    const int last = a.ragged.utterances - 1;
    const Index frames = a.ragged.offset.data[last] + a.ragged.length.data[last];
    double scale = 1;
    if (a.clip > 0 && !CUTRACT_PLANTED("clip_after_adam") && a.clip < r.grad_norm + 1e-6)
      scale = a.clip / (r.grad_norm + 1e-6);
    ++r.steps;
    ++r.taken;
    r.in_a_row = 0;
    r.frames += frames;
    r.loss_sum += r.loss * static_cast<double>(frames);
    r.norm_sum += r.grad_norm;
    const double lr = rate_at(a.rate, a.lr.data[0], r.steps - 1);
    if (a.scalars.data) a.scalars.data[0] = adam_step(a.adam, lr, scale, r.steps);
    if (a.sgd_scalars.data) a.sgd_scalars.data[0] = sgd_step(a.sgd, lr, scale);
  } else {
    ++r.in_a_row;
    if (r.in_a_row > r.longest_row) r.longest_row = r.in_a_row;
    if (r.first_bad < 0) r.first_bad = r.batches;
    const bool skip = !CUTRACT_PLANTED("takes_bad_steps");
    if (a.scalars.data) {
      a.scalars.data[0] = {};
      a.scalars.data[0].skip = skip;
    }
    if (a.sgd_scalars.data) {
      a.sgd_scalars.data[0] = {};
      a.sgd_scalars.data[0].skip = skip;
    }
  }
  ++r.batches;
  if (a.mirror.data) a.mirror.data[0] = r;
}

}  // namespace cutract
