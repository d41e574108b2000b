#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/core/choices.h"
#include "host/core/fields.h"
#include "kernels/frontend/mel.h"

namespace cutract {

// The choices of the settings below, where they are described.
enum class FeaturePreset { librosa, kaldi, whisper };
template <>
inline constexpr auto kNames<FeaturePreset> = std::to_array<Named<FeaturePreset>>(
    {{FeaturePreset::librosa, "librosa"}, {FeaturePreset::kaldi, "kaldi"}, {FeaturePreset::whisper, "whisper"}});
enum class FeatureKind { mel, mfcc };
template <>
inline constexpr auto kNames<FeatureKind> = std::to_array<Named<FeatureKind>>({{FeatureKind::mel, "mel"},
                                                                               {FeatureKind::mfcc, "mfcc"}});
enum class WindowShape { hann, hamming, povey };
template <>
inline constexpr auto kNames<WindowShape> = std::to_array<Named<WindowShape>>({{WindowShape::hann, "hann"},
                                                                               {WindowShape::hamming, "hamming"},
                                                                               {WindowShape::povey, "povey"}});
enum class Framing { centre_zero, centre_reflect, snip, cover };
template <>
inline constexpr auto kNames<Framing> = std::to_array<Named<Framing>>({{Framing::centre_zero, "centre-zero"},
                                                                       {Framing::centre_reflect, "centre-reflect"},
                                                                       {Framing::snip, "snip"},
                                                                       {Framing::cover, "cover"}});
enum class MelScale { slaney, htk, kaldi };
template <>
inline constexpr auto kNames<MelScale> =
    std::to_array<Named<MelScale>>({{MelScale::slaney, "slaney"}, {MelScale::htk, "htk"}, {MelScale::kaldi, "kaldi"}});
enum class MelNorm { slaney, none };
template <>
inline constexpr auto kNames<MelNorm> = std::to_array<Named<MelNorm>>({{MelNorm::slaney, "slaney"},
                                                                       {MelNorm::none, "none"}});
enum class LogScale { db, ln, log10, whisper };
template <>
inline constexpr auto kNames<LogScale> = std::to_array<Named<LogScale>>(
    {{LogScale::db, "db"}, {LogScale::ln, "ln"}, {LogScale::log10, "log10"}, {LogScale::whisper, "whisper"}});

// The settings that define a frame of features. The defaults are the preset "librosa". `preset` is the default for
// every other field that is not set (read_with_preset); the values of the presets are in features/config.cpp.
//
// framing, with S samples, hop H, window W, FFT N (integers; quotients are rounded down):
//   centre-zero     frame k is centred at sample k H, silence outside; 1 + S/H frames for an even N, as librosa
//   centre-reflect  the same, but x[-i] = x[i] outside: a signal shorter than the padding is reflected repeatedly, a
//                   single sample is repeated, and an empty signal has no frames
//   snip            frame k is k H .. k H + W - 1; S < W ? 0 : 1 + (S - W)/H frames, Kaldi's snip_edges
//   cover           frame k is centred at (k + 1/2) H, (S + H/2)/H frames, x[-i] = x[i - 1] outside, repeatedly if
//                   needed: Kaldi's snip_edges = false
struct FeatureConfig {
  FeaturePreset preset = FeaturePreset::librosa;  // librosa | kaldi | whisper
  FeatureKind kind = FeatureKind::mel;            // mel (log-mel) | mfcc: the one stream, if `streams` is empty
  // What a frame is made of, from left to right, e.g. "mel n_mels=40", "mfcc" (features/streams.h). The settings below
  // are the defaults of every stream's options.
  std::vector<std::string> streams;
  int sample_rate = 16000;  // Hz; audio at another rate is resampled by soxr
  int n_mels = 80;
  int n_fft = 512;        // any number; large prime factors are slow
  int win_samples = 512;  // centred in the FFT where the framing is centred
  int hop_samples = 160;
  double fmin_hz = 0, fmax_hz = 8000;      // fmax 0: half the sample rate
  WindowShape window = WindowShape::hann;  // hann, hamming: periodic, as librosa | povey: symmetric, as Kaldi
  Framing framing = Framing::centre_zero;  // centre-zero | centre-reflect | snip | cover
  bool drop_last = false;                  // drop the last frame, as Whisper does
  MelScale mel_scale = MelScale::slaney;  // slaney, htk: triangles linear in Hz | kaldi: HTK's, triangles linear in mel
  MelNorm mel_norm = MelNorm::slaney;     // slaney (area) | none
  LogScale log = LogScale::db;            // db (10 log10) | ln | log10 | whisper ((max(log10 x, maximum - 8) + 4) / 4)
  double log_floor = 1e-10;               // of the mel power: log(max(x, floor)), or log(x + floor) with log_offset
  bool log_offset = false;
  double top_db = 80;  // with log = db: values further below the utterance's maximum are clipped; 0: off
  double preemphasis = 0;
  bool remove_dc = false;               // per frame, as Kaldi does
  double sample_scale = 1;              // Kaldi works on the int16 range: 32768
  int n_mfcc = 13;                      // of mfcc: orthonormal DCT-II of the log-mel
  double lifter = 0;                    // of mfcc: 1 + lifter / 2 sin(pi c / lifter), as Kaldi; 0: none
  int deltas = 0;                       // 0, 1 or 2 orders, appended
  int delta_window = 5;                 // frames, odd
  int context = 0;                      // frames appended on each side, after the deltas; the edge frames are repeated
  MelEngine engine = MelEngine::fused;  // of the log-mels on a GPU; no part of the recipe
};
// Adds every setting, with its range and meaning, to the table.
void fields(FieldTable&, FeatureConfig&);
// Parts of it, which are options of streams too.
void spectrum_fields(FieldTable&, FeatureConfig&);
void cepstrum_fields(FieldTable&, FeatureConfig&);
void delta_fields(FieldTable&, FeatureConfig&);

// Returns the settings of a preset. Throws Error{config} for an unknown name.
FeatureConfig feature_preset(const std::string& name);
FeatureConfig feature_preset(FeaturePreset);

// Reads settings that `features` is a part of, so that features.preset gives the defaults of its other fields, wherever
// in the file it is written. `read` fills the settings, for example by read_config. It is called twice, first to learn
// the preset, and must do the same both times; the first call throws for mistakes.
void read_with_preset(FeatureConfig& features, const std::function<void()>& read);

// Returns what contradicts in the settings of one stream or of a config without streams, each problem beginning with
// `where` and the name of a setting. fmax_hz = 0 is resolved first.
std::vector<std::string> contradictions(const FeatureConfig&, const std::string& where);

// Returns the settings with `fmax_hz = 0` resolved. Throws Error{config}, which lists all problems, one per line, for
// values that are out of range or contradict each other.
FeatureConfig checked(FeatureConfig);

}  // namespace cutract
