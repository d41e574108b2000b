#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/device/exec.h"
#include "kernels/precision.h"

namespace cutract::bench {

// The minimum work of one run. Its floor is the larger of flops / peak and bytes / bandwidth.
struct Work {
  double frames = 0;   // real frames, without padding
  double flops = 0;    // mathematical operations, a multiply-add counted as two; transcendental functions not counted
  double bytes = 0;    // every input read once, every output written once
  double audio_s = 0;  // seconds of audio, for the front end
  Precision precision = Precision::fp32;  // of the matrix products
};

// The peak rates of a device, measured when the bench starts.
struct Floor {
  std::vector<std::pair<std::string, double>> peaks;  // FLOP/s by name of the measurement, for display
  double fp32 = 0, tf32 = 0, bf16 = 0;                // FLOP/s that the ops could reach
  double bytes_per_s = 0;                             // memory traffic, each array counted once
  double seconds(const Work&) const;
};

// On a CPU, using the threads of the executor: chains of fused multiply-adds for each instruction set, and the triad a
// = b + s c. On a GPU: chains of fused multiply-adds and of mma.sync (the instruction that the kernels use; wgmma is
// faster), and a copy.
Floor measure_floor(Exec&);
Floor measure_gpu_floor(Exec&);

}  // namespace cutract::bench
