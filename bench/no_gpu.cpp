// For a build without a GPU: every GPU case is skipped before its floor is measured.
#include "bench/floor.h"
#include "host/core/error.h"

namespace cutract::bench {

Floor measure_gpu_floor(Exec&) { fail(Fault::device, "bench: this build has no GPU; use preset cuda"); }

}  // namespace cutract::bench
