#include "features/dataset/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "features/dataset/corpus_features.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/common_cause.h"
#include "host/device/memory.h"
#include "host/io/audio.h"
#include "host/io/sha256.h"

namespace cutract {
namespace {

constexpr Index kChunk = 64;  // utterances per report of progress; on a GPU, per launch
constexpr std::size_t kNamed = 20;

// The outcome for one utterance: an example, or the reason why it cannot be used.
struct Outcome {
  std::optional<Example> example;
  std::string problem;
  std::vector<std::string> notes;  // about the audio file
  GapCount filled = {};            // gaps in the track's file
};

template <class T>
std::string bytes_of(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// Keeps 64 bits of the hash: enough to notice a change, though not to resist forgery.
std::string digest_of(const std::string& speaker, int sample_rate, const Recording& r) {
  const std::string text =
      fmt::format("{}\n{} {} {} {}\n", speaker, sample_rate, r.track.rate_hz, r.track.first_s, r.track.values.cols);
  return sha256_hex(text + sha256_hex(bytes_of(std::span<const float>(r.samples))) +
                    sha256_hex(bytes_of(std::span<const float>(r.track.values.values))))
      .substr(0, 16);
}

struct Input {
  Recording recording;          // with samples at the extractor's rate
  std::string digest;           // of the samples as they are in the file
  std::optional<Track> states;  // features computed elsewhere, if the extractor reads them
};
const Track* states_of(const Input& input) { return input.states ? &*input.states : nullptr; }

// Adds the features that were computed elsewhere, and their part of the digest.
void add_states(Input& input, const Corpus& corpus, const Utterance& u, const Extractor& extract) {
  Index columns = 0;
  for (const StreamConfig& s : extract.streams())
    if (s.is("file")) columns = s.base;
  const double seconds = static_cast<double>(input.recording.samples.size()) / corpus.sample_rate;
  input.states = read_states(corpus, u, seconds, columns);
  const Track& t = *input.states;
  const std::string text = fmt::format("{}\n{} {} {}\n", input.digest, t.rate_hz, t.first_s, columns);
  input.digest = sha256_hex(text + bytes_of(std::span<const float>(t.values.values))).substr(0, 16);
}

Input recording_of(RecordingReader& reader, const Utterance& u, const Extractor& extract,
                   const std::function<void(const Recording&)>& read = {}) {
  const Corpus& corpus = reader.corpus();
  Recording r = reader.read(u);
  if (read) read(r);
  std::string digest = digest_of(u.speaker, corpus.sample_rate, r);
  Input input{std::move(r), std::move(digest), {}};
  const auto& streams = extract.streams();
  if (std::any_of(streams.begin(), streams.end(), [](const StreamConfig& s) { return s.is("file"); }))
    add_states(input, corpus, u, extract);
  if (const int rate = extract.config().sample_rate; rate != corpus.sample_rate)
    input.recording.samples = resample(input.recording.samples, corpus.sample_rate, rate);
  return input;
}

Example example_of(const Utterance& u, const Extractor& extract, const Input& input, Frames features) {
  const Recording& recording = input.recording;
  Example e{u.id, u.speaker, std::move(features), {}, {}, input.digest};
  if (e.features.rows() == 0)
    fail(Fault::data, fmt::format("{}: has {} at {} Hz, too few for one frame of features; leave it out", u.audio,
                                  counted(std::ssize(recording.samples), "sample"), extract.config().sample_rate));
  e.targets = at_times(recording.track, extract.first_centre_s(), extract.step_s(), e.features.rows());
  if (e.targets.rows == 0)
    fail(Fault::data,
         fmt::format("{}: ends before the centre of the first frame of features; leave it out", u.articulation));
  e.features.keep(e.targets.rows);  // no targets after the last articulation sample
  return e;
}

// Faults of the data are kept for the common report; anything else ends the load.
void keep_faults(Outcome& outcome, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& e) {
    if (e.fault() != Fault::data && e.fault() != Fault::io) throw;
    outcome = {std::nullopt, e.what(), {}};
  }
}

// Each thread takes one utterance at a time from file to example.
void load_on_cpu(const CpuExec& cpu, RecordingReader& reader, std::span<const Utterance* const> utterances,
                 const Extractor& extract, std::span<Outcome> outcomes) {
  cpu.parallel(static_cast<Index>(utterances.size()), [&](Index i) {
    const Utterance& u = *utterances[static_cast<std::size_t>(i)];
    Outcome& outcome = outcomes[static_cast<std::size_t>(i)];
    keep_faults(outcome, [&] {
      outcome.example = load_example(reader, u, extract, [&](const Recording& r) {
        outcome.notes = r.notes;
        outcome.filled = r.filled;
      });
    });
  });
}

template <class T>
View<const T, 1> view_of(const std::vector<T>& v) {
  return {v.data(), {static_cast<Index>(v.size())}};
}

// Converts samples that are multiples of 2^-15, as those of a 16-bit file are. Returns nothing if a sample is not.
std::vector<std::int16_t> as_int16(std::span<const float> samples) {
  std::vector<std::int16_t> out;
  out.reserve(samples.size());
  for (const float x : samples) {
    const float steps = x * 0x1p15f;
    if (!(steps >= -0x1p15f && steps < 0x1p15f) || std::rint(steps) != steps) return {};
    out.push_back(static_cast<std::int16_t>(steps));
  }
  return out;
}

// Loads all utterances with one launch of each op. `room` is the number of bytes of GPU memory that features may still
// take.
void load_on_gpu(Exec& gpu, RecordingReader& reader, std::span<const Utterance* const> utterances,
                 const Extractor& extract, Index& room, std::span<Outcome> outcomes) {
  std::vector<std::size_t> which;  // indices of the utterances that could be read
  std::vector<Input> inputs;
  std::vector<std::vector<std::int16_t>> int16s;
  for (std::size_t i = 0; i < utterances.size(); ++i)
    keep_faults(outcomes[i], [&] {
      inputs.push_back(recording_of(reader, *utterances[i], extract));
      outcomes[i].notes = inputs.back().recording.notes;
      outcomes[i].filled = inputs.back().recording.filled;
      int16s.push_back(as_int16(inputs.back().recording.samples));
      which.push_back(i);
    });
  std::vector<Speech> speech;
  for (std::size_t k = 0; k < which.size(); ++k)
    speech.push_back({int16s[k].empty() ? Samples(view_of(inputs[k].recording.samples)) : Samples(view_of(int16s[k])),
                      states_of(inputs[k])});
  Index bytes = 0;
  for (const Speech& s : speech) bytes += extract.frames(s.samples.size()) * extract.dim() * Index{sizeof(float)};
  const bool fits = bytes <= room;
  std::vector<Frames> features = extract(gpu, speech, fits ? Place::device : Place::shared);
  if (fits) room -= bytes;
  for (std::size_t k = 0; k < which.size(); ++k)
    keep_faults(outcomes[which[k]], [&] {
      outcomes[which[k]].example = example_of(*utterances[which[k]], extract, inputs[k], std::move(features[k]));
    });
}

[[noreturn]] void fail_all(const Corpus& corpus, const std::string& split, std::size_t of,
                           std::span<const Skipped> bad) {
  if (bad.size() == 1)
    fail(Fault::data, fmt::format("{}: {} (split {}); fix it, or skip bad utterances with --skip-bad", bad[0].id,
                                  bad[0].reason, split));
  std::string text = fmt::format(
      "{}, split {}: {} of {} utterances cannot be used; fix them, or skip them with --skip-bad:", corpus.dir, split,
      bad.size(), of);
  for (const auto& b : bad.first(std::min(bad.size(), kNamed))) text += fmt::format("\n  {}: {}", b.id, b.reason);
  if (bad.size() > kNamed) text += fmt::format("\n  and {} more", bad.size() - kNamed);
  fail(Fault::data, text);
}

// Logs a single warning about all files that the reader noticed something about.
void warn_of_notes(const Corpus& corpus, const std::string& split, std::span<const Utterance* const> utterances,
                   std::span<const Outcome> outcomes) {
  AudioNotes notes;
  for (std::size_t i = 0; i < outcomes.size(); ++i) notes.add(utterances[i]->audio, outcomes[i].notes);
  if (const std::string text = notes.summary(); !text.empty())
    log::warn(fmt::format("{}, split {}: {}; set data.channel to use one channel", corpus.dir, split, text));
}

template <class Member>
std::vector<Normaliser::Part> parts_of(Dataset& data, Member member) {
  std::vector<Normaliser::Part> parts;
  parts.reserve(data.examples.size());
  for (Example& e : data.examples) parts.push_back({e.speaker, (e.*member).view()});
  return parts;
}

// Calls `work` with an executor that computes in host memory.
template <class F>
auto on_host(Exec& ex, F&& work) {
  if (std::holds_alternative<CpuExec>(ex)) return work(ex);
  Exec host{CpuExec(1)};
  return work(host);
}

}  // namespace

std::vector<std::int32_t> lengths_of(std::span<const Example> examples) {
  std::vector<std::int32_t> out;
  out.reserve(examples.size());
  for (const Example& e : examples) out.push_back(static_cast<std::int32_t>(e.features.rows()));
  return out;
}

Index Dataset::frames() const {
  Index n = 0;
  for (const auto& e : examples) n += e.features.rows();
  return n;
}

Example load_example(RecordingReader& reader, const Utterance& u, const Extractor& extract,
                     const std::function<void(const Recording&)>& read) {
  Exec alone{CpuExec(1)};  // calls to parallel() do not nest
  const Input input = recording_of(reader, u, extract, read);
  return example_of(u, extract, input,
                    features_of(alone, extract, std::span<const float>(input.recording.samples), states_of(input)));
}

Dataset load_dataset(Exec& ex, const Corpus& corpus, const std::string& split, const Extractor& extract, bool skip_bad,
                     const std::function<void(int done, int of)>& loaded) {
  const std::vector<const Utterance*> utterances = corpus.split(split);
  const Index all = static_cast<Index>(utterances.size());
  std::vector<Outcome> outcomes(utterances.size());
  auto* gpu = std::get_if<GpuExec>(&ex);
  Index room = gpu ? gpu_free_bytes(*gpu) / 2 : 0;
  const auto* cpu = std::get_if<CpuExec>(&ex);
  RecordingReader reader(corpus, cpu ? cpu->threads() : 1);
  // Parts of one recording are loaded one after the other. Their outcomes are put back into the order of the manifest.
  const std::vector<std::size_t> order = by_recording(utterances);
  for (Index from = 0; from < all; from += kChunk) {
    const Index count = std::min(kChunk, all - from);
    const auto places = std::span(order).subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(count));
    std::vector<const Utterance*> chunk;
    for (const std::size_t place : places) chunk.push_back(utterances[place]);
    std::vector<Outcome> results(chunk.size());
    if (cpu)
      load_on_cpu(*cpu, reader, chunk, extract, results);
    else
      load_on_gpu(ex, reader, chunk, extract, room, results);
    for (std::size_t i = 0; i < places.size(); ++i) outcomes[places[i]] = std::move(results[i]);
    if (loaded) loaded(static_cast<int>(from + count), static_cast<int>(all));
  }

  warn_of_notes(corpus, split, utterances, outcomes);
  Dataset d;
  std::set<std::string> tracks;  // several utterances may be parts of one
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].example && tracks.insert(utterances[i]->articulation).second) d.filled.add(outcomes[i].filled);
    if (outcomes[i].example)
      d.examples.push_back(std::move(*outcomes[i].example));
    else
      d.skipped.push_back({utterances[i]->id, outcomes[i].problem});
  }
  if (d.examples.empty())
    if (const std::string cause = common_cause(corpus, utterances); !cause.empty()) fail(Fault::data, cause);
  if (!d.skipped.empty() && (!skip_bad || d.examples.empty())) fail_all(corpus, split, outcomes.size(), d.skipped);
  return d;
}

Normaliser fit_features(Exec& ex, Scope scope, Dataset& data, std::span<const Column> columns) {
  return Normaliser::fit(ex, scope, parts_of(data, &Example::features), columns);
}

Normaliser fit_targets(Exec& ex, Scope scope, Dataset& data) {
  return on_host(ex, [&](Exec& host) {
    return Normaliser::fit(host, scope, parts_of(data, &Example::targets), {}, MissingValues::skipped);
  });
}

void normalise(Exec& ex, Dataset& data, const Normaliser& features, const Normaliser& targets) {
  std::set<std::string> unseen;
  for (const Example& e : data.examples) {
    const bool heard = features.knows(e.speaker), measured = targets.knows(e.speaker);
    if ((!heard || !measured) && unseen.insert(e.speaker).second)
      log::info(fmt::format("speaker {}: not in the training data; {} with the statistics of the whole training set",
                            e.speaker, heard ? "targets are normalised" : "normalised"));
  }
  features.apply(ex, parts_of(data, &Example::features));
  auto units = on_host(
      ex, [&](Exec& host) { return targets.apply(host, parts_of(data, &Example::targets), MissingValues::skipped); });
  for (std::size_t i = 0; i < units.size(); ++i) data.examples[i].unit_per_z = std::move(units[i]);
}

}  // namespace cutract
