#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/dataset.h"
#include "host/core/exec.h"
#include "train/config.h"
#include "train/model.h"

namespace cutract {

// The difference between one array on this executor and on the reference.
struct Compared {
  std::string what;                                    // "layer 0, output", "gradient of fc.bias"
  double difference = 0, bound = 0;                    // relative L2; of a scalar, relative
  bool agrees() const { return difference <= bound; }  // no, if it is NaN
};

// Features of a synthetic second and one training step of the longest batch of `examples` (normalised, where the
// first executor computes) on two: what every op left, in the order in which they ran. So the first that does not agree
// names the op to look at. Bounds: 1e-5; 2e-3 in tf32, 2e-2 in bf16.
std::vector<Compared> compare_devices(Exec&, Exec& reference, const RunConfig& config, const Model&,
                                      std::span<const Example> examples);

// Compares with the CPU, logs a table, and throws Error{device} naming the first thing that does not agree.
void check_device(Exec&, const RunConfig&, const Model&, std::span<const Example>);

}  // namespace cutract
