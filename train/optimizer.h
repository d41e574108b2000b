#pragma once

#include "host/core/exec.h"
#include "kernels/loss.h"
#include "train/batch.h"
#include "train/network.h"

namespace cutract {

struct OptimConfig {
  std::string name = "adam";  // adam | adamw
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

// Adam's moments, beside the network's arena.
struct Optimizer {
  OptimConfig config;
  Buffer<float> m, v;  // [parameters]
  Index step = 0;      // steps taken

  Optimizer(Exec& ex, OptimConfig c, Index parameters) : config(std::move(c)), m(ex, parameters, "Adam's moments"), v(ex, parameters, "Adam's moments") {
    m.clear(ex), v.clear(ex);
  }
};

struct StepConfig {
  LossKind loss = LossKind::mse;
  double clip = 0;  // global norm; 0: off
  std::uint64_t seed = 0;
};

struct StepResult {
  double loss = 0, grad_norm = 0;  // norm before clipping
  bool finite = true;              // false: the step was not taken
};

// Forward, loss, backward, clip by global norm, update. With a loss or gradient that is not finite, nothing is updated.
StepResult train_step(Exec&, Network&, Optimizer&, const Batch&, double lr, const StepConfig&);

}  // namespace cutract
