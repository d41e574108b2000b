#pragma once

#include <functional>
#include <string>

#include "host/core/fields.h"

namespace cutract {

// The settings that define a frame of features. The defaults are the preset "librosa". `preset` fills every other field
// that the config leaves alone (read_with_preset); the values of the presets are in features/config.cpp.
//
// framing, with S samples, hop H, window W, FFT N (whole numbers, quotients rounded down):
//   centre-zero     frame k is centred at sample k H, silence outside; 1 + S/H frames for an even N, as librosa
//   centre-reflect  the same, but x[-i] = x[i] outside, as often as needed: a signal shorter than the padding is
//                   reflected again and again, one sample repeats itself, none gives no frames
//   snip            frame k is k H .. k H + W - 1; S < W ? 0 : 1 + (S - W)/H frames, Kaldi's snip_edges
//   cover           frame k is centred at (k + 1/2) H, (S + H/2)/H frames, x[-i] = x[i - 1] outside, as often as
//                   needed: Kaldi's snip_edges = false
struct FeatureConfig {
  std::string preset = "librosa";  // librosa | kaldi | whisper
  std::string kind = "mel";        // mel (log-mel) | mfcc
  int sample_rate = 16000;         // Hz; audio at another rate is resampled by soxr
  int n_mels = 80;
  int n_fft = 512;        // any number; large prime factors are slow
  int win_samples = 512;  // centred in the FFT where the framing is centred
  int hop_samples = 160;
  double fmin_hz = 0, fmax_hz = 8000;   // fmax 0: half the sample rate
  std::string window = "hann";          // hann, hamming: periodic, as librosa | povey: symmetric, as Kaldi
  std::string framing = "centre-zero";  // centre-zero | centre-reflect | snip | cover
  bool drop_last = false;               // leave the last frame out, as Whisper
  std::string mel_scale = "slaney";     // slaney, htk: triangles linear in Hz | kaldi: HTK's, triangles linear in mel
  std::string mel_norm = "slaney";      // slaney (area) | none
  std::string log = "db";               // db (10 log10) | ln | log10 | whisper ((max(log10 x, maximum - 8) + 4) / 4)
  double log_floor = 1e-10;             // of the power: log(max(x, floor)), or log(x + floor) with log_offset
  bool log_offset = false;
  double top_db = 80;  // of log = db: values at most this far below the utterance's maximum; 0: no limit
  double preemphasis = 0;
  bool remove_dc = false;   // per frame, as Kaldi
  double sample_scale = 1;  // Kaldi works on the int16 range: 32768
  int n_mfcc = 13;          // kind = mfcc: orthonormal DCT-II of the log-mel
  double lifter = 0;        // kind = mfcc: 1 + lifter / 2 sin(pi c / lifter), as Kaldi; 0: none
  int deltas = 0;           // 0, 1 or 2 orders, appended
  int delta_window = 5;     // frames, odd
  int context = 0;          // +- frames spliced, edges repeated; after the deltas
};
void fields(FieldTable&, FeatureConfig&);

// The settings of a preset. Error{config} for an unknown name.
FeatureConfig feature_preset(const std::string& name);

// Reads settings of which `features` is a part, so that features.preset gives the defaults of all its other fields
// wherever it is written. `read` fills the settings, e.g. by read_config; it is called twice, first to learn the
// preset, and must do the same both times. Mistakes are thrown by the first call.
void read_with_preset(FeatureConfig& features, const std::function<void()>& read);

// Error{config}, all problems at once, one a line, for values out of range or contradicting each other. `fmax_hz = 0`
// is resolved.
FeatureConfig checked(FeatureConfig);

}  // namespace cutract
