#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "cli/commands.h"
#include "features/dataset/dataset.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/missing.h"
#include "host/core/shell_quoted.h"
#include "host/core/text.h"
#include "host/corpus/common_cause.h"
#include "host/corpus/corpus.h"
#include "host/corpus/quality.h"
#include "model/run_config.h"

namespace cutract::cli {
namespace {

constexpr std::size_t kNamed = 20;

// Loads every recording of the corpus with `load`; returns it or what is wrong with it, in manifest order.
struct Loaded {
  double seconds = 0;
  Matrix track;
  std::optional<UtteranceFacts> facts;
  std::string problem;
  std::vector<std::string> notes;  // about the audio file
};

std::vector<Loaded> load_all(const Corpus& corpus,
                             const std::function<void(RecordingReader&, const Utterance&, Loaded&)>& load) {
  std::vector<Loaded> out(corpus.utterances.size());
  std::vector<const Utterance*> utterances;
  utterances.reserve(corpus.utterances.size());
  for (const Utterance& u : corpus.utterances) utterances.push_back(&u);
  const std::vector<std::size_t> order = by_recording(utterances);
  const CpuExec cpu(0);
  RecordingReader reader(corpus, cpu.threads());
  cpu.parallel(static_cast<Index>(out.size()), [&](Index i) {
    const std::size_t place = order[static_cast<std::size_t>(i)];
    Loaded& l = out[place];
    try {
      load(reader, corpus.utterances[place], l);
    } catch (const Error& e) {  // listed by the caller
      if (e.fault() != Fault::data && e.fault() != Fault::io) throw;
      l = {};
      l.problem = e.what();
    }
  });
  return out;
}

// Formats a duration as "12.3 s", "4.5 min" or "2.1 h".
std::string duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  return seconds < 7200 ? fmt::format("{:.1f} min", seconds / 60) : fmt::format("{:.1f} h", seconds / 3600);
}

// Finds what training with the default settings refuses, beyond single utterances.
std::vector<std::string> missing_splits(const Corpus& corpus, const DataConfig& data) {
  std::vector<std::string> problems;
  const std::set<std::string> there = corpus.splits();
  const std::pair<const char*, std::string> needed[] = {{"data.train_split", data.train_split},
                                                        {"data.val_split", data.val_split}};
  for (const auto& [setting, name] : needed)
    if (!there.contains(name))
      problems.push_back(
          fmt::format("{}/manifest.tsv: no utterance is in split \"{}\", which training needs ({}); the splits are: {}",
                      corpus.dir, name, setting, fmt::join(there, ", ")));
  return problems;
}

struct Doubts {
  std::string text;
  bool leak = false;  // a recording is in two splits
};

Doubts doubts_of(const Corpus& corpus, const std::vector<Loaded>& loaded, const DataConfig& data) {
  std::vector<std::optional<UtteranceFacts>> facts;
  facts.reserve(loaded.size());
  for (const Loaded& l : loaded) facts.push_back(l.facts);
  Doubts doubts;
  std::string& out = doubts.text;
  for (const Doubt& d : doubts_about(corpus, facts, data.train_split, data.test_split)) {
    doubts.leak = doubts.leak || d.leaks;
    out += fmt::format("{}: {}:\n", d.leaks ? "error" : "warning", d.kind);
    for (std::size_t i = 0; i < std::min(kNamed, d.places.size()); ++i) out += "  " + d.places[i] + "\n";
    if (d.places.size() > kNamed) out += fmt::format("  and {} more\n", d.places.size() - kNamed);
  }
  if (!corpus.splits().contains(data.test_split))
    out += fmt::format("warning: no utterance is in split \"{}\", so eval needs --split\n", data.test_split);
  return doubts;
}

struct Count {
  int utterances = 0;
  double seconds = 0;
};

std::string count_table(const std::string& title, const std::map<std::string, Count>& counts) {
  std::string out = fmt::format("\n{:<20} {:>10} {:>9}\n", title, "utterances", "duration");
  for (const auto& [name, c] : counts)
    out += fmt::format("{:<20} {:>10} {:>9}\n", name, c.utterances, duration(c.seconds));
  return out;
}

// Of the measured values; squares: sum of squared deviations from the mean.
struct Spread {
  double n = 0, mean = 0, squares = 0, lo = INFINITY, hi = -INFINITY;
  Index missing = 0;
};

Spread spread_of(const std::vector<const Matrix*>& tracks, std::size_t channel) {
  std::vector<double> values;
  Spread s;
  for (const Matrix* m : tracks)
    for (Index t = 0; t < m->rows; ++t) {
      const float v = m->row(t)[channel];
      if (is_missing(v))
        ++s.missing;
      else
        values.push_back(v);
    }
  for (const double v : values) {
    s.n += 1;
    s.mean += v;
    s.lo = std::min(s.lo, v);
    s.hi = std::max(s.hi, v);
  }
  s.mean /= std::max(s.n, 1.0);
  for (const double v : values) s.squares += (v - s.mean) * (v - s.mean);
  return s;
}

// The deviation is within speakers: the position of a speaker's head says nothing about how much a channel moves.
std::string channel_table(const Corpus& corpus, const std::map<std::string, std::vector<const Matrix*>>& by_speaker) {
  constexpr double kDeadMm = 0.5;
  std::string out =
      fmt::format("\n{:<16} {:<6} {:>9} {:>9} {:>9} {:>9}\n", "channel", "unit", "mean", "std", "min", "max");
  for (std::size_t c = 0; c < corpus.channels.size(); ++c) {
    Spread all;
    for (const auto& [speaker, tracks] : by_speaker) {
      const Spread s = spread_of(tracks, c);
      all.n += s.n;
      all.mean += s.mean * s.n;
      all.squares += s.squares;
      all.lo = std::min(all.lo, s.lo);
      all.hi = std::max(all.hi, s.hi);
      all.missing += s.missing;
    }
    const Channel& channel = corpus.channels[c];
    if (all.n == 0) {
      out += fmt::format("{:<16} {:<6} never measured\n", channel.name, channel.unit);
      continue;
    }
    const double deviation = std::sqrt(all.squares / all.n);
    const double missing = 100 * static_cast<double>(all.missing) / (static_cast<double>(all.missing) + all.n);
    out += fmt::format("{:<16} {:<6} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}{}{}\n", channel.name, channel.unit,
                       all.mean / all.n, deviation, all.lo, all.hi,
                       channel.unit == "mm" && deviation < kDeadMm ? "  nearly constant" : "",
                       all.missing > 0 ? fmt::format("  {:.1f} % missing", missing) : "");
  }
  return out + "std: within speakers\n";
}

// Finds what training refuses because nothing was measured: channels in the training split, and the whole of the
// validation split.
std::vector<std::string> unmeasured(const Corpus& corpus, const std::vector<Loaded>& loaded, const DataConfig& data) {
  std::vector<bool> there(corpus.channels.size());
  Index of_train = 0, of_val = 0, val_values = 0;
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    if (!loaded[i].facts) continue;
    const UtteranceFacts& f = *loaded[i].facts;
    const bool trains = corpus.utterances[i].split == data.train_split;
    const bool validates = corpus.utterances[i].split == data.val_split;
    for (std::size_t c = 0; c < there.size() && trains; ++c) there[c] = there[c] || f.channels[c].measured > 0;
    of_train += trains ? f.values : 0;
    of_val += validates ? f.values : 0;
    val_values += validates ? f.values - f.missing.values : 0;
  }
  std::vector<std::string> problems;
  for (std::size_t c = 0; c < there.size() && of_train > 0; ++c)
    if (!there[c])
      problems.push_back(fmt::format("{}: channel {} is never measured in split \"{}\"; leave it out of the corpus",
                                     corpus.dir, corpus.channels[c].name, data.train_split));
  if (of_val > 0 && val_values == 0)
    problems.push_back(fmt::format("{}: nothing is measured in split \"{}\"", corpus.dir, data.val_split));
  return problems;
}

// "missing values: 1204 of 97045 (1.2 %) in 12 gaps; the longest lasts 320 ms", or "".
std::string missing_text(const std::vector<Loaded>& loaded) {
  GapCount missing;
  Index values = 0;
  for (const Loaded& l : loaded) {
    if (!l.facts) continue;
    missing.add(l.facts->missing);
    values += l.facts->values;
  }
  if (missing.values == 0) return "";
  return fmt::format("missing values: {} of {} ({:.1f} %) in {}; the longest lasts {:.4g} ms\n", missing.values, values,
                     100 * static_cast<double>(missing.values) / static_cast<double>(values),
                     counted(missing.gaps, "gap"), missing.longest_ms);
}

// "train 62, val 10, test 20": a misspelt name shows here, though any name is allowed.
std::string splits_text(const Corpus& corpus) {
  std::string out;
  for (const std::string& split : corpus.splits())
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", split, corpus.split(split).size());
  return out;
}

// Returns how many columns the features computed elsewhere must have: those of the first array; 0: any number, since
// the first cannot be read, or there is none.
Index columns_of_features(const Corpus& corpus) {
  for (const Utterance& u : corpus.utterances) {
    if (u.features.empty()) continue;
    try {
      return features_columns(corpus, u);
    } catch (const Error&) { return 0; }  // reported with the utterance
  }
  return 0;
}

}  // namespace

int run(const CorpusImportArgs& a) {
  const ImportReport r = importer_named(a.format).run(a.request);
  const std::string missing = r.left.values > 0 ? ", " + counted(r.left.values, "missing value") : "";
  print_text(fmt::format("{}: {}, {}, {} skipped{}\n", a.request.out, counted(r.done, "utterance"), duration(r.seconds),
                         r.skipped, missing));
  return 0;
}

int run(const CorpusCheckArgs& a) {
  const Corpus corpus = read_corpus(a.dir);
  const RunConfig config;  // the defaults
  const Extractor extractor(config.features);
  const Index columns = columns_of_features(corpus);
  const std::vector<Loaded> loaded = load_all(corpus, [&](RecordingReader& reader, const Utterance& u, Loaded& l) {
    load_example(reader, u, extractor, [&](const Recording& r) {
      l.facts = facts_of(r, corpus.sample_rate);
      const double seconds = static_cast<double>(r.samples.size()) / corpus.sample_rate;
      if (!u.features.empty()) (void)read_states(corpus, u, seconds, columns);
      l.notes = r.notes;
    });
  });
  std::vector<std::string> bad;
  for (std::size_t i = 0; i < loaded.size(); ++i)
    if (!loaded[i].problem.empty()) bad.push_back(corpus.utterances[i].id + ": " + loaded[i].problem);
  if (bad.size() == loaded.size()) {
    std::vector<const Utterance*> all;
    all.reserve(corpus.utterances.size());
    for (const Utterance& u : corpus.utterances) all.push_back(&u);
    if (const std::string cause = common_cause(corpus, all); !cause.empty()) fail(Fault::data, cause);
  }
  std::vector<std::string> missing = missing_splits(corpus, config.data);
  const std::vector<std::string> nowhere = unmeasured(corpus, loaded, config.data);
  missing.insert(missing.end(), nowhere.begin(), nowhere.end());
  if (!bad.empty()) print_text(listed(bad, kNamed) + "\n");
  if (!missing.empty()) print_text(listed(missing) + "\n");
  const Doubts doubts = doubts_of(corpus, loaded, config.data);
  print_text(doubts.text + missing_text(loaded));
  AudioNotes notes;
  for (std::size_t i = 0; i < loaded.size(); ++i) notes.add(corpus.utterances[i].audio, loaded[i].notes);
  if (const std::string text = notes.summary(); !text.empty())
    log::warn(a.dir + ": " + text + "; train with data.channel = N to use one channel");
  if (!bad.empty())
    fail(Fault::data, fmt::format("{}: {} of {} cannot be used; fix them, or train with --skip-bad", a.dir, bad.size(),
                                  counted(static_cast<Index>(loaded.size()), "utterance")));
  if (!missing.empty())
    fail(Fault::data, fmt::format("{}: training with the default splits is not possible; change the manifest, or name "
                                  "other splits with --set data.train_split and --set data.val_split",
                                  a.dir));
  if (doubts.leak)
    fail(Fault::data, a.dir + ": one recording is in two splits, so scores would be too high; keep it in one of them");
  print_text(fmt::format("{}: {} ({}): all OK\n", a.dir, counted(static_cast<Index>(loaded.size()), "utterance"),
                         splits_text(corpus)));
  return 0;
}

int run(const CorpusStatsArgs& a) {
  const Corpus corpus = read_corpus(a.dir);
  const std::vector<Loaded> loaded = load_all(corpus, [&](RecordingReader& reader, const Utterance& u, Loaded& l) {
    Recording r = reader.read(u);
    l.seconds = static_cast<double>(r.samples.size()) / corpus.sample_rate;
    l.track = std::move(r.track.values);
  });
  std::map<std::string, Count> splits, speakers;
  std::map<std::string, std::vector<const Matrix*>> by_speaker;
  double seconds = 0;
  int bad = 0;
  for (std::size_t i = 0; i < loaded.size(); ++i) {
    if (!loaded[i].problem.empty()) {
      ++bad;
      continue;
    }
    const Utterance& u = corpus.utterances[i];
    for (Count* c : {&splits[u.split], &speakers[u.speaker]}) {
      ++c->utterances;
      c->seconds += loaded[i].seconds;
    }
    seconds += loaded[i].seconds;
    by_speaker[u.speaker].push_back(&loaded[i].track);
  }
  std::string out = fmt::format("{}: {}, {}, {} Hz, {} at {} Hz\n", corpus.name,
                                counted(static_cast<Index>(corpus.utterances.size()), "utterance"), duration(seconds),
                                corpus.sample_rate, counted(static_cast<Index>(corpus.channels.size()), "channel"),
                                corpus.articulation_rate_hz);
  out += count_table("split", splits) + count_table("speaker", speakers);
  if (bad < static_cast<int>(loaded.size())) out += channel_table(corpus, by_speaker);
  if (bad > 0)
    out += fmt::format("\n{} not counted because of problems; `cutract corpus check {}` lists them\n",
                       counted(bad, "utterance"), shell_quoted(a.dir));
  print_text(out);
  return 0;
}

}  // namespace cutract::cli
