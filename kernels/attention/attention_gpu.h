#pragma once

#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// Sets the rows of an array after the last utterance, `width` floats each, to zero. Not an op: the op's GPU files call
// it.
void attention_clear_behind(GpuExec&, const char* op, const Ragged&, float* rows, Index width);

}  // namespace cutract
