#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/dataset/dataset.h"
#include "host/device/exec.h"
#include "model/run_config.h"
#include "nn/model.h"

namespace cutract {

// The difference between one array on this executor and on the reference.
struct Compared {
  std::string what;                                    // "lstm layer 0, output", "gradient of fc.bias"
  double difference = 0, bound = 0;                    // relative L2 norm of the difference; the largest accepted one
  bool agrees() const { return difference <= bound; }  // false for NaN
};

// Computes the features of one synthetic second of audio and one training step of the longest batch of `examples` on
// both executors, and compares the arrays that the ops computed, in the order in which the ops ran: the first array
// that does not agree names the op to look at. `examples` are normalised and in the first executor's memory. Bounds:
// 1e-5; 2e-3 in tf32, 2e-2 in bf16. Throws Error{internal} if `examples` is empty.
std::vector<Compared> compare_devices(Exec&, Exec& reference, const RunConfig& config, const Model&,
                                      std::span<const Example> examples);

// Compares with the CPU, logs a table, and throws Error{device} that names the first array that does not agree.
void check_device(Exec&, const RunConfig&, const Model&, std::span<const Example>);

}  // namespace cutract
