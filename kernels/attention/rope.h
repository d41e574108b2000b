#pragma once

#include <cmath>

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// Rotary position embedding (Su et al. 2021, arXiv 2104.09864) of queries and keys in place: element i and element
// i + K/2 of a head are rotated by the frame's position times 10000^(-2i/K). Backward is the same op on the gradients,
// with `inverse`. Rows after the last utterance stay as they are.
struct RopeArgs {
  View<float, 4> qkv;  // [N, 3, A, K] queries, keys and values of A heads; values are not changed
  Ragged ragged;
  bool inverse = false;
};
void rope(Exec&, const RopeArgs&);
void rope(CpuExec&, const RopeArgs&);
void rope(GpuExec&, const RopeArgs&);

// The rotation of pair i of K/2 at a position. In double, because the angle may be thousands of turns, of which only
// the fraction of the last one counts.
struct RopeTurn {
  float cos, sin;
  CUTRACT_HD RopeTurn(Index position, Index i, Index K, bool inverse) {
    constexpr double kLogBase = 9.210340371976184, kTurn = 6.283185307179586;  // ln 10000, 2 pi
    const double frequency = std::exp(-kLogBase * 2 * static_cast<double>(i) / static_cast<double>(K)) / kTurn;
    const double turns = static_cast<double>(position) * frequency, last = turns - std::rint(turns);
#ifdef __CUDA_ARCH__  // unlike sin and cos, needs no memory for arguments of any size
    const double c = ::cospi(2 * last), s = ::sinpi(2 * last);
#else
    const double c = std::cos(kTurn * last), s = std::sin(kTurn * last);
#endif
    cos = static_cast<float>(c);
    sin = static_cast<float>(inverse ? -s : s);
  }
};

}  // namespace cutract
