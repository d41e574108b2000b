#pragma once

#include <cstdint>

namespace cutract::simt {

// In which order the emulated GPU runs what a real one would run at once. Adversarial: one random warp, its lanes in a
// random order, until it cannot go on or a random moment earlier; then another. Asynchronous copies land early or as
// late as they may; blocks run in a random order. Everything follows from the seed and the number of the launch.
// In turn: the next warp and the next lane, always; only there to show what it misses.
struct Schedule {
  bool adversarial = true;
  std::uint64_t seed = 1;
};

// At the beginning the seed is the environment's CUTRACT_EMULATOR_SEED, or 1.
Schedule schedule();
void set_schedule(Schedule);  // and counts launches from 0 again

}  // namespace cutract::simt
