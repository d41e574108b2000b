#pragma once

#include "kernels/lstm/lstm.h"

namespace cutract {

// The recurrence in textbook form: one frame at a time, plain loops, the C library's exponentials, and no packed data.
// It is the readable reference for every fast engine; tests check both against the double-precision oracle.
void lstm_plain(const LstmArgs&);
void lstm_backward_plain(const LstmBackwardArgs&);

}  // namespace cutract
