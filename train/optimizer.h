#pragma once

#include <string>
#include <utility>

#include "host/core/exec.h"
#include "host/core/memory.h"
#include "kernels/update.h"

namespace cutract {

struct OptimConfig {
  std::string name = "adam";  // adam | adamw
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};

// Adam's moments, in the layout of the network's arenas, and the record of the steps taken.
struct Optimizer {
  OptimConfig config;
  Buffer<float> m, v;         // [parameters]
  Buffer<StepRecord> record;  // [1]

  Optimizer(Exec& ex, OptimConfig c, Index parameters)
      : config(std::move(c)),
        m(ex, parameters, Place::device, "Adam's moments"),
        v(ex, parameters, Place::device, "Adam's moments"),
        record(ex, 1) {
    m.clear(ex), v.clear(ex), write(ex, {});
  }
  StepRecord read(Exec& ex) const { return record.values(ex)[0]; }  // waits for the queued work
  void write(Exec& ex, const StepRecord& r) { record.write(ex, {&r, 1}); }
};

}  // namespace cutract
