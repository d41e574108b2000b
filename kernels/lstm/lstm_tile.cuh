#pragma once

#include "host/core/plant.h"
#include "kernels/lstm/lstm_gpu.h"
#include "kernels/simt/simt.cuh"

namespace cutract {

// An utterance as the recurrent kernels traverse it; empty for a row of a tile without an utterance.
struct Span {
  int offset, length;
  // The frame at step s: forward in time for d = 0, from its own last frame for d = 1.
  __device__ Index frame(int d, int s) const {
    if (d == 0 || CUTRACT_PLANTED("gpu_reversed_index")) return offset + s;
    return offset + length - 1 - s;
  }
};
__device__ inline Span span_of(const LstmSteps& a, int utterance) {
  if (utterance >= a.utterances) return {0, 0};
  return {a.offset[utterance], a.length[utterance]};
}

// Returns of[d]. Indexing directly with a d unknown to the compiler would copy the kernel's arguments to local memory.
template <class T>
__device__ T pick(const T (&of)[2], int d) {
  return d == 0 ? of[0] : of[1];
}

}  // namespace cutract
