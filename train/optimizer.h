#pragma once

#include "host/device/exec.h"
#include "host/device/memory.h"
#include "kernels/optim/step_scalars.h"
#include "model/run_config.h"

namespace cutract {

// Adam's moments or the momentum of SGD, in the layout of the network's arenas, and the record of the steps taken.
struct Optimizer {
  OptimConfig config;
  Buffer<float> m;            // [parameters] first moments, or momentum
  Buffer<float> v;            // [parameters] second moments; empty with SGD
  Buffer<StepRecord> record;  // [1]

  Optimizer(Exec& ex, const OptimConfig& c, Index parameters)
      : config(c),
        m(ex, parameters, Place::device, "the optimizer's moments"),
        v(ex, config.name == OptimKind::sgd ? 0 : parameters, Place::device, "the optimizer's moments"),
        record(ex, 1) {
    m.clear(ex);
    v.clear(ex);
    write(ex, {});
  }
  StepRecord read(Exec& ex) const { return record.values(ex)[0]; }  // waits for the queued work
  void write(Exec& ex, const StepRecord& r) { record.write(ex, {&r, 1}); }
};

}  // namespace cutract
