#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/core/exec.h"
#include "kernels/precision.h"

namespace cutract::bench {

// What one run does at least: the floor is the larger of flops / peak and bytes / bandwidth.
struct Work {
  double frames = 0;                      // real ones, no padding
  double flops = 0;                       // of the mathematics, multiply and add apart; transcendentals not counted
  double bytes = 0;                       // every input read once, every output written once
  double audio_s = 0;                     // seconds of audio, of the front end
  Precision precision = Precision::fp32;  // of the products
};

// What a device can do, measured when the bench starts.
struct Floor {
  std::vector<std::pair<std::string, double>> peaks;  // FLOP/s by what was measured, for people
  double fp32 = 0, tf32 = 0, bf16 = 0;                // FLOP/s that the ops could reach
  double bytes_per_s = 0;                             // from and to memory, each array counted once
  double seconds(const Work&) const;
};

// On a CPU, with the threads of the executor: chains of fused multiply-adds by instruction set, and the triad
// a = b + s c. On a GPU: chains of fused multiply-adds and of mma.sync (what the kernels use; wgmma reaches more), a
// copy.
Floor measure_floor(Exec&);
Floor measure_gpu_floor(Exec&);

}  // namespace cutract::bench
