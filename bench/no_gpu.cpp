// A build without a GPU: every case of one is left out before its floor is asked for.
#include "bench/floor.h"
#include "host/core/error.h"

namespace cutract::bench {

Floor measure_gpu_floor(Exec&) { fail(Fault::device, "bench: this build has no GPU; use preset cuda"); }

}  // namespace cutract::bench
