#pragma once

#include "host/core/exec.h"
#include "host/core/ragged.h"
#include "host/core/view.h"
#include "kernels/adam.h"

namespace cutract {

// What training knows of its steps. It lies in the executor's memory, so that the host need not wait for a step.
struct StepRecord {
  Index steps = 0;              // updates made, in all epochs
  Index batches = 0;            // of this epoch: seen, finite or not; also the place of the next one in its plan
  Index frames = 0, taken = 0;  // of this epoch: frames of finite steps, and those steps
  Index in_a_row = 0, longest_row = 0;  // steps in a row that were not finite: now; the most so far in this epoch
  Index first_bad = -1;                 // batch of this epoch that was the first not finite
  double loss_sum = 0, norm_sum = 0;    // of finite steps: loss times frames; gradient norm before clipping
  double loss = 0, grad_norm = 0;       // of the latest step
};

// Decides on the update of a step: with a loss or gradient that is not finite, none (`scalars` says skip); else the
// scalars of Adam, clipped by the global norm as torch.nn.utils.clip_grad_norm_ does.
struct UpdateArgs {
  AdamSettings adam;
  double clip = 0;             // 0: off
  View<const double, 1> lr;    // [1]
  View<const double, 1> sums;  // [2] loss; squared norm of the gradient
  Ragged ragged;               // the batch: its frames weigh the loss
  View<StepRecord, 1> record;  // [1]
  View<StepRecord, 1> mirror;  // [1] in memory that the host reads too, for progress; or null
  View<AdamStep, 1> scalars;   // [1]
};
void update(Exec&, const UpdateArgs&);
void update(CpuExec&, const UpdateArgs&);
void update(GpuExec&, const UpdateArgs&);

CUTRACT_HD inline void update_record(const UpdateArgs& a) {
  StepRecord& r = a.record.data[0];
  const double infinity = HUGE_VAL;
  r.loss = a.sums.data[0], r.grad_norm = std::sqrt(a.sums.data[1]);
  const bool finite = r.loss < infinity && r.loss > -infinity && r.grad_norm < infinity;
  if (finite) {
    const int last = a.ragged.utterances - 1;
    const Index frames = a.ragged.offset.data[last] + a.ragged.length.data[last];
    double scale = 1;
    if (a.clip > 0 && !CUTRACT_PLANTED("clip_after_adam") && a.clip < r.grad_norm + 1e-6)
      scale = a.clip / (r.grad_norm + 1e-6);
    ++r.steps, ++r.taken, r.in_a_row = 0;
    r.frames += frames, r.loss_sum += r.loss * static_cast<double>(frames), r.norm_sum += r.grad_norm;
    a.scalars.data[0] = adam_step(a.adam, a.lr.data[0], scale, r.steps);
  } else {
    ++r.in_a_row;
    if (r.in_a_row > r.longest_row) r.longest_row = r.in_a_row;
    if (r.first_bad < 0) r.first_bad = r.batches;
    a.scalars.data[0] = {};
    a.scalars.data[0].skip = !CUTRACT_PLANTED("takes_bad_steps");
  }
  ++r.batches;
  if (a.mirror.data) a.mirror.data[0] = r;
}

}  // namespace cutract
