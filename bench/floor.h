#pragma once

#include <string>
#include <utility>
#include <vector>

#include "host/core/exec.h"

namespace cutract::bench {

// What this machine can do with these threads, measured when the bench starts.
struct Floor {
  std::vector<std::pair<std::string, double>> fma;  // float32 FLOP/s of fused multiply-adds, by Isa
  double flops = 0;                                 // with the Isa that the ops use (kernels/isa.h)
  double bytes_per_s = 0;                           // from memory: the triad a = b + s c, counted as three arrays
  double seconds(double work_flops, double work_bytes) const;
};
Floor measure_floor(const CpuExec&);

}  // namespace cutract::bench
