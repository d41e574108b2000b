#pragma once

#include "kernels/lstm.h"

namespace cutract {

// The recurrence as a textbook writes it: one frame at a time, loops and the C library's exponentials, nothing laid out
// beforehand. The readable reference of what every fast engine computes; tests hold both against the double oracle.
void lstm_plain(const LstmArgs&);
void lstm_backward_plain(const LstmBackwardArgs&);

}  // namespace cutract
