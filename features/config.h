#pragma once

#include <string>

#include "host/core/fields.h"

namespace cutract {

// What a frame of features is. `preset` fills every other field that the config leaves alone; see features/presets.cpp.
struct FeatureConfig {
  std::string preset = "librosa";    // librosa | kaldi | whisper
  std::string kind = "mel";          // mel (log-mel) | mfcc
  int sample_rate = 16000;           // Hz; audio at another rate is resampled by soxr
  int n_mels = 80;
  int n_fft = 512;
  int win_samples = 512;
  int hop_samples = 160;
  double fmin_hz = 0, fmax_hz = 8000;
  std::string window = "hann";       // hann (periodic) | povey | hamming
  std::string framing = "centre-zero";  // centre-zero | centre-reflect | snip (kaldi snip_edges) | cover (kaldi, not snipped)
  std::string mel_scale = "slaney";  // slaney | htk | kaldi (HTK formula, triangles linear in mel)
  std::string mel_norm = "slaney";   // slaney (area) | none
  std::string log = "db";            // db (10 log10, top_db below the utterance's maximum) | ln | log10 | whisper
  double log_floor = 1e-10;          // added ("ln" with log_offset) or clamped to
  bool log_offset = false;           // ln(x + floor) instead of ln(max(x, floor))
  double top_db = 80;                // of log = "db"; 0: no limit
  double preemphasis = 0;
  bool remove_dc = false;            // per frame, as Kaldi
  double sample_scale = 1;           // Kaldi works on the int16 range: 32768
  int n_mfcc = 13;                   // kind = mfcc
  double lifter = 0;                 // cepstral liftering; Kaldi: 22
  int deltas = 0;                    // 0, 1 or 2 orders, appended
  int delta_window = 5;              // frames, odd
  int context = 0;                   // +- frames spliced, edges repeated
};
void fields(FieldTable&, FeatureConfig&);

// The settings of a preset. Error{config} for an unknown name.
FeatureConfig feature_preset(const std::string& name);

}  // namespace cutract
