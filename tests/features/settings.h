#pragma once

#include <cmath>
#include <functional>
#include <numbers>
#include <ostream>
#include <string>
#include <vector>

#include "features/config.h"
#include "tests/support/support.h"

// The feature settings and the signals used by the tests of the front end.
namespace cutract::test {

inline FeatureConfig with(const std::string& preset, const std::function<void(FeatureConfig&)>& change) {
  FeatureConfig c = feature_preset(preset);
  change(c);
  return c;
}

struct Case {
  std::string name;
  FeatureConfig config;
};
inline void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

inline std::vector<Case> cases() {
  return {
      {"librosa", feature_preset("librosa")},
      {"kaldi", feature_preset("kaldi")},
      {"whisper", feature_preset("whisper")},
      {"kaldi_cover", with("kaldi", [](auto& c) { c.framing = Framing::cover; })},
      {"stem", with("librosa",
                    [](auto& c) {
                      c.win_samples = 400;
                      c.framing = Framing::centre_reflect;
                      c.log = LogScale::ln;
                      c.log_offset = true;
                    })},
      {"htk_hamming", with("librosa",
                           [](auto& c) {
                             c.mel_scale = MelScale::htk;
                             c.mel_norm = MelNorm::none;
                             c.window = WindowShape::hamming;
                             c.log = LogScale::log10;
                             c.preemphasis = 0.95;  // with a hamming window the first sample of a frame matters
                             c.n_mels = 23;
                             c.win_samples = 333;
                             c.hop_samples = 77;
                             c.fmin_hz = 80;
                             c.fmax_hz = 7600;
                           })},
      {"odd_fft", with("librosa",
                       [](auto& c) {
                         c.n_fft = 405;
                         c.win_samples = 401;
                         c.hop_samples = 101;
                         c.n_mels = 17;
                         c.top_db = 30;
                         c.framing = Framing::centre_reflect;
                         c.preemphasis = 0.9;
                       })},
      {"prime_fft_8k", with("kaldi",
                            [](auto& c) {
                              c.sample_rate = 8000;
                              c.n_fft = 211;
                              c.win_samples = 199;
                              c.hop_samples = 80;
                              c.n_mels = 11;
                              c.framing = Framing::cover;
                              c.mel_norm = MelNorm::slaney;
                            })},
      {"mfcc_deltas", with("kaldi",
                           [](auto& c) {
                             c.kind = FeatureKind::mfcc;
                             c.n_mels = 23;
                             c.deltas = 2;
                             c.delta_window = 9;
                           })},
      {"context", with("librosa",
                       [](auto& c) {
                         c.kind = FeatureKind::mfcc;
                         c.n_mfcc = 5;
                         c.deltas = 1;
                         c.delta_window = 3;
                         c.context = 4;
                         c.lifter = 11;
                       })},
  };
}

// Speech levels, -60 dBFS, a few steps of 16 bits, a loud tone over silence, a sweep over the whole band, and silence.
inline std::vector<float> signal(const std::string& kind, Index samples) {
  Rng rng(name_hash(kind));
  std::vector<float> x(static_cast<std::size_t>(samples));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double t = static_cast<double>(i);
    double v = 0;
    if (kind == "loud") v = 0.2 * rng.normal();
    if (kind == "quiet") v = 1e-3 * rng.normal();
    if (kind == "steps") v = (rng.below(5) - 2) / 32768.0;
    if (kind == "tone") v = 0.9 * std::sin(2 * std::numbers::pi * 440 * t / 16000);
    if (kind == "chirp") v = 0.5 * std::sin(std::numbers::pi * 7900.0 / 16000 * t * t / static_cast<double>(samples));
    x[i] = static_cast<float>(v);
  }
  return x;
}

}  // namespace cutract::test
