#pragma once

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"

namespace cutract {

// Where utterances laid one after another begin, in rows: U + 1 numbers that never fall, the last one the number of all
// rows. Empty: one utterance, all of them.
using Starts = View<const Index, 1>;

CUTRACT_HD inline Index utterances_in(const Starts& s) { return s.data ? s.shape[0] - 1 : 1; }
CUTRACT_HD inline Index start_of(const Starts& s, Index utterance, Index rows) {
  return s.data ? s.data[utterance] : utterance * rows;
}

// Throws Fault::internal unless s, in memory of the host, is empty or rises from 0 to `rows`.
void expect_starts(const char* what, const Starts& s, Index rows);

}  // namespace cutract
