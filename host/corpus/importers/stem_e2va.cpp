#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/corpus.h"
#include "host/corpus/import_target.h"
#include "host/corpus/importers.h"
#include "host/corpus/importers/stem_e2va_source.h"
#include "host/corpus/lowpass.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/mat.h"
#include "host/io/npy.h"

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

// Returns the smoothed midsagittal positions: x and z of each sensor.
Matrix midsagittal(const Matrix& ema, const std::string& path) {
  if (ema.cols != kSensorCount * kSensorColumns)
    fail(Fault::data, fmt::format("{}: has {}, expected {} (7 sensors of x, y, z, phi, theta, rms)", path,
                                  counted(ema.cols, "column"), kSensorCount * kSensorColumns));
  if (ema.rows == 0) fail(Fault::data, path + ": holds no frames");
  Matrix track(ema.rows, 2 * kSensorCount);
  for (Index t = 0; t < ema.rows; ++t)
    for (Index p = 0; p < track.cols; ++p) {
      const float v = ema.row(t)[p / 2 * kSensorColumns + p % 2 * 2];
      if (!std::isfinite(v))
        fail(Fault::data, fmt::format("{}: frame {} of channel \"{}_{}\" is {}, expected a finite number", path, t,
                                      kSensors[p / 2], p % 2 ? 'z' : 'x', v));
      track.row(t)[p] = v;
    }
  lowpass_zero_phase(track.view(), kTrackRate, kCutoff, kOrder);
  return track;
}

struct Converted {
  Audio audio;
  Matrix track;
  double seconds = 0;              // of audio
  std::vector<std::string> notes;  // about the original audio
};

Converted convert(const StemUtterance& s) {
  const Audio audio = read_audio_file(s.audio);
  const Matrix track = midsagittal(read_mat(s.ema, s.id), s.ema);
  const double audio_s = static_cast<double>(audio.samples.size()) / audio.sample_rate;
  const double track_s = static_cast<double>(track.rows) / kTrackRate;
  if (std::abs(audio_s - track_s) > kSlack_s + 1e-9)
    fail(Fault::data, fmt::format("{}: lasts {:.3f} s, its audio {} {:.3f} s; expected the same within {:.0f} ms",
                                  s.ema, track_s, s.audio, audio_s, 1000 * kSlack_s));
  return {{kSampleRate, resample(audio.samples, audio.sample_rate, kSampleRate)}, track, audio_s, audio.notes};
}

std::string corpus_toml() {
  std::string channels;
  for (const char* sensor : kSensors)
    for (const char axis : {'x', 'z'})
      channels += fmt::format("  {{ name = \"{}_{}\", unit = \"mm\" }},\n", sensor, axis);
  return fmt::format(
      "name = \"stem-e2va\"\n"
      "provenance = \"STEM-E2VA sample utterances, imported by cutract: audio resampled to {} Hz, articulation "
      "low-passed (zero-phase Butterworth, order {}, {} Hz)\"\n"
      "licence = \"none stated by the authors\"\n"
      "sample_rate = {}\narticulation_rate_hz = {:.1f}\nchannels = [\n{}]\n",
      kSampleRate, kOrder, kCutoff, kSampleRate, kTrackRate, channels);
}

}  // namespace

ImportReport import_stem_e2va(const std::string& source, const std::string& out) {
  const std::vector<StemUtterance> all = read_stem_source(source);
  ImportTarget target(out);
  std::string folder;
  ImportReport report;
  AudioNotes notes;
  std::string manifest = "id\tspeaker\tsplit\taudio\tarticulation\ttext\temotion\n";
  for (const StemUtterance& s : all) {
    Converted c;
    try {
      c = convert(s);
    } catch (const Error& e) {
      if (e.fault() != Fault::data && e.fault() != Fault::io) throw;
      log::warn(fmt::format("skipped {}: {}", s.id, e.what()));
      ++report.skipped;
      continue;
    }
    if (report.done == 0) folder = target.begin();
    // A failure to write is not the utterance's fault, so it ends the import.
    write_audio(folder + "/audio/" + s.id + ".flac", c.audio);
    save_atomically(real_file_system(), folder + "/articulation/" + s.id + ".npy", encode_npy(c.track.view()));
    notes.add(s.audio, c.notes);
    report.seconds += c.seconds;
    ++report.done;
    manifest += fmt::format("{0}\t{1}\t{2}\taudio/{0}.flac\tarticulation/{0}.npy\t{3}\t{4}\n", s.id, s.speaker, s.split,
                            s.text, s.emotion);
  }
  if (const std::string text = notes.summary(); !text.empty())
    log::warn(source + ": " + text + "; keep one channel of the originals if that is not wanted");
  if (report.done == 0)
    fail(Fault::data, source + ": none of its utterances could be imported; the warnings above say why");
  save_atomically(real_file_system(), folder + "/manifest.tsv", manifest);
  save_atomically(real_file_system(), folder + "/corpus.toml", corpus_toml());
  target.finish();
  log::info(fmt::format("imported {} ({:.1f} min) into {}, {} skipped", counted(report.done, "utterance"),
                        report.seconds / 60, out, report.skipped));
  return report;
}

}  // namespace cutract
