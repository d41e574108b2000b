#pragma once

#include <string>
#include <utility>

#include "host/device/exec.h"
#include "host/device/memory.h"
#include "kernels/optim/step_scalars.h"
#include "model/run_config.h"

namespace cutract {

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
