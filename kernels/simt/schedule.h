#pragma once

#include <cstdint>

namespace cutract::simt {

// The order in which the emulated GPU runs threads that a real GPU would run concurrently. Adversarial: one random warp
// runs, with its lanes in random order, until it cannot continue or until a random earlier moment; then another warp
// runs. Asynchronous copies complete as early or as late as allowed, and blocks run in random order. Everything is
// determined by the seed and the number of the launch. In turn: always the next warp and the next lane. This schedule
// exists only to show what it fails to detect.
struct Schedule {
  bool adversarial = true;
  std::uint64_t seed = 1;
};

// The initial seed is the environment variable CUTRACT_EMULATOR_SEED, or 1.
Schedule schedule();
void set_schedule(Schedule);  // also restarts the count of launches at 0

}  // namespace cutract::simt
