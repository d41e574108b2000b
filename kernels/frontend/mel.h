#pragma once

#include <cstdint>

#include "host/core/choices.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/frontend/samples.h"
#include "kernels/starts.h"

namespace cutract {

// The values a frame reads outside the signal x[0..S-1].
enum class Edge {
  zero,     // silence
  reflect,  // x[-i] = x[i], repeated as needed: period 2 (S - 1); a single sample repeats
  mirror,   // x[-i] = x[i - 1], as in Kaldi: period 2 S
};

enum class LogUnit { db, ln, log10 };  // db: 10 log10 of the power

// Implementation on a GPU: `fused` is our single kernel; `cufft` runs cuFFT between two kernels, takes any n_fft, and
// serves as the reference for `fused`.
enum class MelEngine { fused, cufft };
template <>
inline constexpr auto kNames<MelEngine> = std::to_array<Named<MelEngine>>({{MelEngine::fused, "fused"},
                                                                           {MelEngine::cufft, "cufft"}});

// Log-mel features, or cepstra, of one or several utterances. Frame t of an utterance is its samples t hop + first .. t
// hop + first + W - 1. Each frame then passes through, in this order: sample_scale, DC removal, pre-emphasis (the first
// sample of a frame is its own predecessor), window, FFT of n_fft points, |X|^2, filters, logarithm. The FFT pads with
// zeros after the window; the power spectrum does not depend on the position of the window in the FFT. After that, over
// the whole utterance, y = (max(y, max(y) - range) + shift) * gain. Finally, if a basis is given, y is replaced by y
// basis^T, as in kernels/frontend/dct.h.
struct MelArgs {
  Samples samples;                            // [S]
  Starts first_sample, first_frame;           // first index of each utterance in samples and in out; both or neither
  View<const double, 1> window;               // [W]
  View<const double, 2> roots;                // [n_fft, 2] cos and -sin of 2 pi i / n_fft
  View<const std::int32_t, 1> filter_bin;     // [M] first bin under each filter
  View<const std::int32_t, 1> filter_offset;  // [M+1] start of each filter's weights; last: their number
  View<const double, 1> filter_weight;        // [filter_offset[M]]
  Index n_fft = 0, hop = 0, first = 0;        // in samples; any n_fft >= W (primes are slow); first may be negative
  Edge edge = Edge::zero;
  double sample_scale = 1, preemphasis = 0;
  bool remove_dc = false;
  LogUnit log = LogUnit::ln;
  double floor = 1e-10;    // lower limit of the power: log(max(x, floor)), or
  bool add_floor = false;  // log(x + floor)
  double range = 0;        // in units of `log`; 0: no limit
  double shift = 0, gain = 1;
  MelEngine engine = MelEngine::fused;
  View<const double, 2> basis;  // [C, M]; empty: log-mel
  View<float, 2> out;           // [T, M], with a basis [T, C]
};
void mel(Exec&, const MelArgs&);
void mel(CpuExec&, const MelArgs&);
void mel(GpuExec&, const MelArgs&);

}  // namespace cutract
