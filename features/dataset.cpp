#include "features/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "host/core/error.h"

namespace cutract {
namespace {

constexpr Index kChunk = 64;  // utterances between two reports of progress
constexpr std::size_t kNamed = 20;

// What became of one utterance: an example, or why there is none.
struct Outcome {
  std::optional<Example> example;
  std::string problem;
};

Example example_of(Exec& ex, const Corpus& corpus, const Utterance& u, const Extractor& extract) {
  if (!u.features.empty())
    fail(Fault::data,
         fmt::format("{}: features computed elsewhere are not read yet; leave the column features of {} empty",
                     u.features, corpus.dir + "/manifest.tsv"));
  const Recording recording = read_recording(corpus, u);
  Example e{u.id, u.speaker, extract.from_audio(ex, recording.samples, corpus.sample_rate), {}};
  if (e.features.rows == 0)
    fail(Fault::data, fmt::format("{}: has {} samples at {} Hz, too few for one frame of features; leave it out",
                                  u.audio, recording.samples.size(), corpus.sample_rate));
  e.targets = at_times(recording.track, extract.first_centre_s(), extract.step_s(), e.features.rows);
  if (e.targets.rows == 0)
    fail(Fault::data,
         fmt::format("{}: ends before the centre of the first frame of features; leave it out", u.articulation));
  e.features.rows = e.targets.rows;  // no targets behind the last articulation sample
  e.features.values.resize(static_cast<std::size_t>(e.features.rows * e.features.cols));
  return e;
}

// Faults of the data are kept for the common report; anything else ends the load.
Outcome load(Exec& ex, const Corpus& corpus, const Utterance& u, const Extractor& extract) {
  try {
    return {example_of(ex, corpus, u, extract), ""};
  } catch (const Error& e) {
    if (e.fault() != Fault::data && e.fault() != Fault::io) throw;
    return {std::nullopt, e.what()};
  }
}

[[noreturn]] void fail_all(const Corpus& corpus, const std::string& split, std::size_t of,
                           std::span<const Skipped> bad) {
  if (bad.size() == 1)
    fail(Fault::data, fmt::format("{}: {} (split {}); mend it, or leave bad utterances out with --skip-bad", bad[0].id,
                                  bad[0].reason, split));
  std::string text = fmt::format(
      "{}, split {}: {} of {} utterances cannot be used; mend them, or leave them out with --skip-bad:", corpus.dir,
      split, bad.size(), of);
  for (const auto& b : bad.first(std::min(bad.size(), kNamed))) text += fmt::format("\n  {}: {}", b.id, b.reason);
  if (bad.size() > kNamed) text += fmt::format("\n  and {} more", bad.size() - kNamed);
  fail(Fault::data, text);
}

}  // namespace

std::vector<std::int32_t> Dataset::lengths() const {
  std::vector<std::int32_t> out;
  out.reserve(examples.size());
  for (const auto& e : examples) out.push_back(static_cast<std::int32_t>(e.features.rows));
  return out;
}

Index Dataset::frames() const {
  Index n = 0;
  for (const auto& e : examples) n += e.features.rows;
  return n;
}

Dataset load_dataset(Exec& ex, const Corpus& corpus, const std::string& split, const Extractor& extract, bool skip_bad,
                     const std::function<void(int done, int of)>& loaded) {
  const std::vector<const Utterance*> utterances = corpus.split(split);
  const Index all = static_cast<Index>(utterances.size());
  std::vector<Outcome> outcomes(utterances.size());
  for (Index from = 0; from < all; from += kChunk) {
    const Index count = std::min(kChunk, all - from);
    const auto one = [&](Exec& on, Index i) {
      const auto at = static_cast<std::size_t>(from + i);
      outcomes[at] = load(on, corpus, *utterances[at], extract);
    };
    if (const auto* cpu = std::get_if<CpuExec>(&ex))
      cpu->parallel(count, [&](Index i) {
        Exec alone{CpuExec(1)};  // an utterance per thread: calls to parallel() do not nest
        one(alone, i);
      });
    else
      for (Index i = 0; i < count; ++i) one(ex, i);
    if (loaded) loaded(static_cast<int>(from + count), static_cast<int>(all));
  }

  Dataset d;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].example)
      d.examples.push_back(std::move(*outcomes[i].example));
    else
      d.skipped.push_back({utterances[i]->id, outcomes[i].problem});
  }
  if (!d.skipped.empty() && (!skip_bad || d.examples.empty())) fail_all(corpus, split, outcomes.size(), d.skipped);
  return d;
}

}  // namespace cutract
