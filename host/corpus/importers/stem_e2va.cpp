#include "host/corpus/importers/stem_e2va.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/gaps.h"
#include "host/corpus/importers/stem_e2va_source.h"
#include "host/corpus/lowpass.h"
#include "host/corpus/writer.h"
#include "host/io/mat.h"

namespace cutract {
namespace {

constexpr int kSampleRate = 16000;  // Hz, the rate at which the corpus's features are computed
constexpr double kTrackRate = 250;  // Hz
constexpr double kCutoff = 20;      // Hz
constexpr int kOrder = 5;
constexpr double kSlack_s = 0.020;   // the streams of an utterance agree within this
constexpr Index kSensorColumns = 6;  // x, y, z, phi, theta, rms
constexpr const char* kSensors[] = {"ul", "ll", "lc", "rc", "tr", "tm", "tt"};
constexpr Index kSensorCount = std::size(kSensors);

std::vector<std::string> channel_names() {
  std::vector<std::string> names;
  for (const char* sensor : kSensors)
    for (const char axis : {'x', 'z'}) names.push_back(fmt::format("{}_{}", sensor, axis));
  return names;
}

// Returns the smoothed midsagittal positions: x and z of each sensor.
Matrix midsagittal(const Matrix& ema, double fill_gaps_ms, GapCount& gaps, const std::string& path) {
  if (ema.cols != kSensorCount * kSensorColumns)
    fail(Fault::data, fmt::format("{}: has {}, expected {} (7 sensors of x, y, z, phi, theta, rms)", path,
                                  counted(ema.cols, "column"), kSensorCount * kSensorColumns));
  if (ema.rows == 0) fail(Fault::data, path + ": holds no frames");
  Matrix track(ema.rows, 2 * kSensorCount);
  for (Index t = 0; t < ema.rows; ++t)
    for (Index p = 0; p < track.cols; ++p) track.row(t)[p] = ema.row(t)[p / 2 * kSensorColumns + p % 2 * 2];
  expect_measurements(track, channel_names(), path);
  gaps = fill_gaps(track, kTrackRate, fill_gaps_ms);
  lowpass_zero_phase(track.view(), kTrackRate, kCutoff, kOrder);
  return track;
}

ConvertedUtterance convert(const StemUtterance& s, double fill_gaps_ms) {
  Audio audio = read_audio_file(s.audio);
  ConvertedUtterance u;
  Matrix track = midsagittal(read_mat(s.ema, s.id), fill_gaps_ms, u.gaps, s.ema);
  const double audio_s = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  const double track_s = static_cast<double>(track.rows) / kTrackRate;
  if (std::abs(audio_s - track_s) > kSlack_s + 1e-9)
    fail(Fault::data, fmt::format("{}: lasts {:.3f} s, its audio {} {:.3f} s; expected the same within {:.0f} ms",
                                  s.ema, track_s, s.audio, audio_s, 1000 * kSlack_s));
  audio.samples = resample(audio.samples, audio.sample_rate, kSampleRate);
  audio.sample_rate = kSampleRate;
  u.audio = std::move(audio);
  u.left = gaps_in(track, kTrackRate);
  u.track = std::move(track);
  u.seconds = audio_s;
  u.original = s.audio;
  return u;
}

CorpusFacts facts() {
  CorpusFacts f{
      "stem-e2va",
      "STEM-E2VA sample utterances",
      fmt::format("audio resampled to {} Hz, articulation low-passed (zero-phase Butterworth, order {}, {} Hz)",
                  kSampleRate, kOrder, kCutoff),
      "none stated by the authors",
      kSampleRate,
      kTrackRate};
  for (const std::string& name : channel_names()) f.channels.push_back({name, "mm"});
  return f;
}

}  // namespace

ImportReport import_stem_e2va(const ImportRequest& request) {
  const double fill_gaps_ms = fill_gaps_ms_of(GivenOptions(request.options));
  const std::vector<StemUtterance> all = read_stem_source(request.source);
  CorpusWriter writer(request.source, request.out, {"emotion"});
  for (const StemUtterance& s : all)
    writer.add({s.id, s.speaker, s.split, s.text, {s.emotion}}, [&] { return convert(s, fill_gaps_ms); });
  return writer.finish(facts(), "keep one channel of the originals");
}

}  // namespace cutract
