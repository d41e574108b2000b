#pragma once

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"

namespace cutract {

// The first rows of utterances stored one after another: U + 1 non-decreasing numbers, the last of which is the total
// number of rows. Empty means a single utterance with all the rows.
using Starts = View<const Index, 1>;

CUTRACT_HD inline Index utterances_in(const Starts& s) { return s.data ? s.shape[0] - 1 : 1; }
CUTRACT_HD inline Index start_of(const Starts& s, Index utterance, Index rows) {
  return s.data ? s.data[utterance] : utterance * rows;
}

// Throws Fault::internal unless s, in host memory, is empty or rises from 0 to `rows`.
void expect_starts(const char* what, const Starts& s, Index rows);

}  // namespace cutract
