#include "features/config.h"

#include <fmt/format.h>

#include <vector>

#include "features/streams.h"
#include "host/core/error.h"

namespace cutract {

void spectrum_fields(FieldTable& v, FeatureConfig& c) {
  v("n_mels", c.n_mels, in(1, 1024), "number of mel filters");
  v("n_fft", c.n_fft, in(2, 65536), "FFT length in samples; need not be a power of two");
  v("win_samples", c.win_samples, in(2, 65536), "window length in samples, at most n_fft");
  v("fmin_hz", c.fmin_hz, in(0.0, 96000.0), "lower edge of the first mel filter in Hz");
  v("fmax_hz", c.fmax_hz, in(0.0, 96000.0), "upper edge of the last mel filter in Hz; 0: half the sample rate");
  v("window", c.window, "window function; hann and hamming are periodic, povey is Kaldi's");
  v("mel_scale", c.mel_scale, "mel formula; kaldi: the HTK formula with triangles that are linear in mel");
  v("mel_norm", c.mel_norm, "filter normalisation; slaney: each filter has area 1 over Hz");
  v("log", c.log, "logarithm of the mel power");
  v("log_floor", c.log_floor, in(1e-30, 1.0), "smallest mel power before the logarithm");
  v("log_offset", c.log_offset, "whether to add log_floor to the power instead of using it as the minimum");
  v("top_db", c.top_db, in(0.0, 1000.0),
    "with log = \"db\": range in dB; values more than this far below the utterance's maximum are clipped; 0: off");
  v("preemphasis", c.preemphasis, in(0.0, 1.0), "pre-emphasis coefficient, applied per frame; Kaldi uses 0.97");
  v("remove_dc", c.remove_dc, "whether to subtract each frame's mean");
  v("sample_scale", c.sample_scale, in(1e-6, 1e6), "factor applied to samples in -1..1; Kaldi uses 32768");
}

void cepstrum_fields(FieldTable& v, FeatureConfig& c) {
  v("n_mfcc", c.n_mfcc, in(1, 1024), "number of cepstra of mfcc, at most n_mels");
  v("lifter", c.lifter, in(0.0, 1000.0), "Kaldi's cepstral lifter of mfcc; 0: off");
}

void delta_fields(FieldTable& v, FeatureConfig& c) {
  v("deltas", c.deltas, in(0, 2), "orders of delta features appended: 1 adds deltas, 2 also delta-deltas");
  v("delta_window", c.delta_window, in(3, 101), "frames in the regression for deltas; an odd number");
}

void fields(FieldTable& v, FeatureConfig& c) {
  v("preset", c.preset, "default for every [features] key that is not set");
  v("kind", c.kind, "kind of features, if streams is empty; mel: the log-mel spectrum, mfcc: its cepstra");
  static const std::string streams =
      "streams of features, side by side in each frame, e.g. [\"mel n_mels=40\", \"mfcc\"]; the settings below are the "
      "defaults of their options. " +
      streams_help();
  v("streams", c.streams, streams.c_str());
  v("sample_rate", c.sample_rate, in(1000, 192000), "sample rate in Hz; audio at other rates is resampled");
  v("hop_samples", c.hop_samples, in(1, 65536), "distance between frames in samples");
  v("framing", c.framing,
    "frame placement and padding at the edges; snip and cover are Kaldi's snip_edges = true and false");
  v("drop_last", c.drop_last, "whether to drop the last frame, as Whisper does");
  spectrum_fields(v, c);
  cepstrum_fields(v, c);
  delta_fields(v, c);
  v("context", c.context, in(0, 50), "neighbouring frames appended on each side");
  v("engine", c.engine,
    "implementation of the log-mels on a GPU; fused: one kernel; cufft: NVIDIA's FFT between two kernels, for any "
    "n_fft; "
    "no effect on the CPU");
}

FeatureConfig feature_preset(FeaturePreset preset) {
  FeatureConfig c;  // the member initialisers are those of librosa
  c.preset = preset;
  if (preset == FeaturePreset::kaldi) {
    c.win_samples = 400;
    c.window = WindowShape::povey;
    c.framing = Framing::snip;
    c.fmin_hz = 20;
    c.fmax_hz = 0;
    c.mel_scale = MelScale::kaldi;
    c.mel_norm = MelNorm::none;
    c.log = LogScale::ln;
    c.log_floor = 0x1p-23;
    c.top_db = 0;
    c.preemphasis = 0.97;
    c.remove_dc = true;
    c.sample_scale = 32768;
    c.lifter = 22;
  }
  if (preset == FeaturePreset::whisper) {
    c.n_fft = 400;
    c.win_samples = 400;
    c.framing = Framing::centre_reflect;
    c.drop_last = true;
    c.log = LogScale::whisper;
    c.top_db = 0;
  }
  return c;
}

FeatureConfig feature_preset(const std::string& name) {
  if (const auto preset = named<FeaturePreset>(name)) return feature_preset(*preset);
  fail(Fault::config, "features.preset = " + not_one_of(name, names_of<FeaturePreset>()));
}

void read_with_preset(FeatureConfig& features, const std::function<void()>& read) {
  read();
  features = feature_preset(features.preset);
  read();
}

std::vector<std::string> contradictions(const FeatureConfig& c, const std::string& where) {
  std::vector<std::string> problems;
  if (c.win_samples > c.n_fft)
    problems.push_back(
        fmt::format("{}win_samples: is {}, expected at most n_fft ({}); raise n_fft", where, c.win_samples, c.n_fft));
  if (c.fmax_hz > c.sample_rate / 2.0)
    problems.push_back(
        fmt::format("{}fmax_hz: is {}, expected at most half of features.sample_rate ({}); 0 means that half", where,
                    c.fmax_hz, c.sample_rate / 2.0));
  if (c.fmin_hz >= c.fmax_hz)
    problems.push_back(fmt::format("{}fmin_hz: is {}, expected less than fmax_hz ({})", where, c.fmin_hz, c.fmax_hz));
  if (c.kind == FeatureKind::mfcc && c.n_mfcc > c.n_mels)
    problems.push_back(fmt::format("{}n_mfcc: is {}, expected at most n_mels ({})", where, c.n_mfcc, c.n_mels));
  if (c.delta_window % 2 == 0)
    problems.push_back(fmt::format("{}delta_window: is {}, expected an odd number", where, c.delta_window));
  return problems;
}

FeatureConfig checked(FeatureConfig c) {
  FieldTable table;
  table.section("features", c);
  parse_config(table, write_config(table), "features");  // ranges, for settings that no config file gave

  if (c.fmax_hz == 0) c.fmax_hz = c.sample_rate / 2.0;
  std::vector<std::string> problems = contradictions(c, "features.");
  if (problems.empty()) problems = contradictions_of_streams(c);
  if (!problems.empty()) fail(Fault::config, fmt::format("{}", fmt::join(problems, "\n")));
  return c;
}

}  // namespace cutract
