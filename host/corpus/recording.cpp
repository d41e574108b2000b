#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/core/plant.h"
#include "host/core/text.h"
#include "host/corpus/corpus.h"
#include "host/corpus/gaps.h"
#include "host/corpus/slack.h"
#include "host/io/audio.h"
#include "host/io/input_file.h"
#include "host/io/npy.h"

namespace cutract {
namespace {

constexpr double kRounding_s = 1e-9;

std::string path_of(const Corpus& corpus, const std::string& file) {
  return file.starts_with('/') ? file : corpus.dir + "/" + file;
}

Audio read_corpus_audio(const Corpus& corpus, const std::string& path) {
  Audio audio = read_audio_file(path, corpus.audio);
  if (audio.sample_rate != corpus.sample_rate)
    fail(Fault::data,
         fmt::format("{}: sample rate is {}, corpus.toml says {}", path, audio.sample_rate, corpus.sample_rate));
  return audio;
}

void expect_frames(const Matrix& m, const std::string& path) {
  if (m.rows == 0) fail(Fault::data, fmt::format("{}: holds no frames", path));
}

void expect_finite(const Matrix& m, const std::string& path) {
  expect_frames(m, path);
  for (Index t = 0; t < m.rows; ++t)
    for (Index c = 0; c < m.cols; ++c)
      if (const float v = m.row(t)[c]; !std::isfinite(v))
        fail(Fault::data, fmt::format("{}: frame {} of column {} is {}, expected a finite number", path, t, c, v));
}

// A value that is missing is NaN.
void expect_measurements(const Matrix& m, const std::string& path, const std::vector<Channel>& channels) {
  expect_frames(m, path);
  for (Index t = 0; t < m.rows; ++t)
    for (Index c = 0; c < m.cols; ++c)
      if (const float v = m.row(t)[c]; std::isinf(v))
        fail(Fault::data, fmt::format("{}: frame {} of channel \"{}\" is {}, expected a finite number, or NaN where it "
                                      "was not measured",
                                      path, t, channels[static_cast<std::size_t>(c)].name, v));
}

Matrix read_track(const Corpus& corpus, const std::string& path) {
  const auto channels = static_cast<Index>(corpus.channels.size());
  Matrix track = decode_npy(read_regular_file(path), path);
  if (track.cols != channels && track.rows == channels)
    fail(Fault::data,
         fmt::format("{}: has {} of {}, expected one row for each frame with {}; it is transposed, so save x.T", path,
                     counted(track.rows, "row"), counted(track.cols, "number"), counted(channels, "number")));
  if (track.cols != channels)
    fail(Fault::data, fmt::format("{}: has {}, corpus.toml lists {}", path, counted(track.cols, "channel"), channels));
  expect_measurements(track, path, corpus.channels);
  return track;
}

}  // namespace

Index features_columns(const Corpus& corpus, const Utterance& u) {
  const std::string path = path_of(corpus, u.features);
  return decode_npy(read_regular_file(path), path).cols;
}

void expect_as_long(const Track& states, double seconds, bool whole, const std::string& path) {
  const double rate = states.rate_hz, slack = 2 / rate + kSlack_s;
  const double last = states.first_s + static_cast<double>(states.values.rows - 1) / rate;
  if (last < seconds - slack || (whole && last > seconds + slack))
    fail(Fault::data, fmt::format("{}: its last row is at {:.3f} s and the audio ends at {:.3f} s; expected the same "
                                  "within {:.0f} ms for {:g} rows per second that start at {:g} s",
                                  path, last, seconds, 1000 * slack, rate, states.first_s));
}

Track read_states(const Corpus& corpus, const Utterance& u, double seconds, Index columns) {
  if (u.features.empty())
    fail(Fault::data, fmt::format("{}/manifest.tsv:{}: the column features is empty, expected the path of an .npy file "
                                  "for the stream \"file\"",
                                  corpus.dir, u.line));
  if (corpus.features_rate_hz == 0)
    fail(Fault::data, corpus.dir +
                          "/corpus.toml: has no features_rate_hz; add the rows per second of the arrays in the "
                          "manifest's column features, e.g. features_rate_hz = 50.0");
  const std::string path = path_of(corpus, u.features);
  const double rate = corpus.features_rate_hz;
  Track states{rate, corpus.features_first_s - u.start_s, decode_npy(read_regular_file(path), path)};
  const Index has = states.values.cols;
  if (columns > 0 && has != columns)
    fail(Fault::data, fmt::format("{}: has {}, expected {}", path, counted(has, "column"), columns));
  expect_finite(states.values, path);
  expect_as_long(states, seconds, u.end_s < 0, path);
  return states;
}

struct RecordingReader::Whole {
  Audio audio;
  Matrix track;
  GapCount filled = {};
};

// The first thread that needs a recording loads it, and other threads wait. An error in loading it is kept as well.
struct RecordingReader::Slot {
  std::mutex mutex;
  std::shared_ptr<const Whole> whole;
  std::optional<Error> error;
};

RecordingReader::RecordingReader(const Corpus& corpus, int threads)
    : corpus_(corpus), most_(static_cast<std::size_t>(std::max(threads, 1)) + 1) {}

RecordingReader::~RecordingReader() = default;

std::shared_ptr<const RecordingReader::Whole> RecordingReader::load(const Corpus& corpus, const Utterance& u) {
  Whole whole{read_corpus_audio(corpus, path_of(corpus, u.audio)), {}};
  whole.track = read_track(corpus, path_of(corpus, u.articulation));
  if (corpus.fill_gaps_ms > 0) whole.filled = fill_gaps(whole.track, corpus.articulation_rate_hz, corpus.fill_gaps_ms);
  return std::make_shared<const Whole>(std::move(whole));
}

std::shared_ptr<RecordingReader::Slot> RecordingReader::slot_of(const Utterance& u) {
  const std::string key = u.audio + '\n' + u.articulation;
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(recent_.begin(), recent_.end(), [&](const auto& entry) { return entry.first == key; });
  if (found != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, found);
  } else {
    recent_.emplace_front(key, std::make_shared<Slot>());
    if (recent_.size() > most_) recent_.pop_back();
  }
  return recent_.front().second;
}

Recording RecordingReader::read(const Utterance& u) {
  const bool segment = u.start_s > 0 || u.end_s >= 0;
  if (!segment) return cut(corpus_, u, *load(corpus_, u));
  const std::shared_ptr<Slot> slot = slot_of(u);
  std::shared_ptr<const Whole> whole;
  {
    const std::lock_guard lock(slot->mutex);
    if (!slot->whole && !slot->error) {
      try {
        slot->whole = load(corpus_, u);
      } catch (const Error& e) { slot->error = e; }
    }
    if (slot->error) throw Error(*slot->error);
    whole = slot->whole;
  }
  return cut(corpus_, u, *whole);
}

std::vector<std::size_t> by_recording(std::span<const Utterance* const> utterances) {
  std::map<std::string, std::size_t> rank;
  std::vector<std::size_t> order(utterances.size());
  for (std::size_t i = 0; i < utterances.size(); ++i) {
    rank.emplace(utterances[i]->audio, i);
    order[i] = i;
  }
  const auto first = [&](std::size_t i) { return rank.at(utterances[i]->audio); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return first(a) < first(b); });
  return order;
}

Recording read_recording(const Corpus& corpus, const Utterance& u) {
  return RecordingReader::cut(corpus, u, *RecordingReader::load(corpus, u));
}

Recording RecordingReader::cut(const Corpus& corpus, const Utterance& u, const Whole& recording) {
  const std::string audio_path = path_of(corpus, u.audio), track_path = path_of(corpus, u.articulation);
  const std::vector<float>& samples = recording.audio.samples;
  const Matrix& track = recording.track;
  const double rate = corpus.articulation_rate_hz, audio_rate = corpus.sample_rate;
  const double audio_s = static_cast<double>(samples.size()) / audio_rate,
               track_s = static_cast<double>(track.rows) / rate;
  const double slack = slack_s(rate) + kRounding_s;

  const bool whole = u.end_s < 0;
  if (whole && std::abs(audio_s - track_s) > slack)
    fail(Fault::data, fmt::format("{}: lasts {:.3f} s, its audio {} {:.3f} s; expected the same within {:.0f} ms",
                                  track_path, track_s, audio_path, audio_s, 1000 * slack));
  for (const auto& [path, length] : {std::pair{audio_path, audio_s}, std::pair{track_path, track_s}})
    if (u.start_s >= length || (!whole && u.end_s > length + slack))
      fail(Fault::data, fmt::format("{}: lasts {:.3f} s, manifest.tsv:{} asks for {:.3f} s to {}", path, length, u.line,
                                    u.start_s, whole ? std::string("the end") : fmt::format("{:.3f} s", u.end_s)));
  if (whole && u.start_s == 0) return {samples, {rate, 0, track}, recording.audio.notes, recording.filled};

  const auto count = static_cast<Index>(samples.size());
  const Index first = std::llround(u.start_s * audio_rate);
  const Index last = whole ? count : std::min(count, static_cast<Index>(std::llround(u.end_s * audio_rate)));
  if (first >= last)
    fail(Fault::data, fmt::format("{}: start_s and end_s in manifest.tsv:{} select no samples", audio_path, u.line));
  // The track keeps the frame before the first sample and the one after the last, so that interpolation at the edges is
  // not flat.
  const double start = static_cast<double>(first) / audio_rate, end = static_cast<double>(last) / audio_rate;
  const Index top = std::min(track.rows - 1, static_cast<Index>(std::floor(start * rate)));
  const Index bottom = std::min(track.rows, static_cast<Index>(std::ceil(end * rate)) + 1);
  Recording cut{{samples.begin() + first, samples.begin() + last},
                {rate, static_cast<double>(top) / rate - start, Matrix(bottom - top, track.cols)},
                recording.audio.notes,
                recording.filled};
  std::copy(track.row(top), track.row(bottom), cut.track.values.values.begin());
  return cut;
}

void AudioNotes::add(const std::string& audio, const std::vector<std::string>& notes) {
  if (notes.empty()) return;
  if (files_.empty()) first_ = fmt::format("{}: {}", audio, fmt::join(notes, "; "));
  files_.insert(audio);
}

std::string AudioNotes::summary() const {
  if (files_.empty()) return "";
  const auto others = static_cast<std::int64_t>(files_.size()) - 1;
  return first_ + (others > 0 ? fmt::format(" (and {} like it)", counted(others, "more file", "more files")) : "");
}

Matrix at_times(const Track& track, double first_s, double step_s, Index frames) {
  const Matrix& from = track.values;
  if (from.rows < 1 || !(track.rate_hz > 0)) fail(Fault::internal, "at_times: the track has no frames or no rate");
  constexpr double kRounding = 1e-6;  // of a track frame: times that are meant to be equal differ by less
  const Index late = CUTRACT_PLANTED("off_by_one_frame") ? 1 : 0;
  const auto position = [&](Index k) {
    return (first_s + static_cast<double>(k + late) * step_s - track.first_s) * track.rate_hz;
  };
  const double end = static_cast<double>(from.rows - 1);
  Index rows = 0;
  while (rows < frames && position(rows) <= end + kRounding) ++rows;
  Matrix out(rows, from.cols);
  for (Index k = 0; k < rows; ++k) {
    const double at = std::clamp(position(k), 0.0, end);
    const auto below = static_cast<Index>(at);
    const double weight = at - static_cast<double>(below);
    const float* a = from.row(below);
    const float* b = from.row(std::min(below + 1, from.rows - 1));
    for (Index c = 0; c < from.cols; ++c) out.row(k)[c] = between(a[c], b[c], weight);
  }
  return out;
}

}  // namespace cutract
