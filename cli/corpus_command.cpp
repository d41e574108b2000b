#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/corpus/corpus.h"
#include "host/corpus/importers.h"

namespace cutract::cli {
namespace {

struct Loaded {
  double seconds = 0;
  Matrix track;
  std::string problem;
};

// Every recording of the corpus, or what is wrong with it, in manifest order.
std::vector<Loaded> load_all(const Corpus& corpus) {
  std::vector<Loaded> out(corpus.utterances.size());
  CpuExec(0).parallel(static_cast<Index>(out.size()), [&](Index i) {
    Loaded& l = out[static_cast<std::size_t>(i)];
    try {
      Recording r = read_recording(corpus, corpus.utterances[static_cast<std::size_t>(i)]);
      l.seconds = static_cast<double>(r.samples.size()) / corpus.sample_rate;
      l.track = std::move(r.track.values);
    } catch (const Error& e) {  // listed by the caller
      l.problem = e.what();
    }
  });
  return out;
}

struct Count {
  int utterances = 0;
  double seconds = 0;
};

std::string count_table(const std::string& title, const std::map<std::string, Count>& counts) {
  std::string out = fmt::format("\n{:<20} {:>10} {:>9}\n", title, "utterances", "minutes");
  for (const auto& [name, c] : counts)
    out += fmt::format("{:<20} {:>10} {:>9.1f}\n", name, c.utterances, c.seconds / 60);
  return out;
}

struct Spread {
  double n = 0, mean = 0, squares = 0, lo = INFINITY, hi = -INFINITY;  // squares: of the distances from the mean
};

Spread spread_of(const std::vector<const Matrix*>& tracks, std::size_t channel) {
  Spread s;
  const auto each = [&](auto fn) {
    for (const Matrix* m : tracks)
      for (Index t = 0; t < m->rows; ++t) fn(static_cast<double>(m->row(t)[channel]));
  };
  each([&](double v) { s.n += 1, s.mean += v, s.lo = std::min(s.lo, v), s.hi = std::max(s.hi, v); });
  s.mean /= s.n;
  each([&](double v) { s.squares += (v - s.mean) * (v - s.mean); });
  return s;
}

// The deviation is within speakers: where a speaker's head stands says nothing about how much a channel moves.
std::string channel_table(const Corpus& corpus, const std::map<std::string, std::vector<const Matrix*>>& by_speaker) {
  constexpr double kDeadMm = 0.5;
  std::string out =
      fmt::format("\n{:<16} {:<6} {:>9} {:>9} {:>9} {:>9}\n", "channel", "unit", "mean", "std", "min", "max");
  for (std::size_t c = 0; c < corpus.channels.size(); ++c) {
    Spread all;
    for (const auto& [speaker, tracks] : by_speaker) {
      const Spread s = spread_of(tracks, c);
      all.n += s.n, all.mean += s.mean * s.n, all.squares += s.squares;
      all.lo = std::min(all.lo, s.lo), all.hi = std::max(all.hi, s.hi);
    }
    const Channel& channel = corpus.channels[c];
    const double deviation = std::sqrt(all.squares / all.n);
    out += fmt::format("{:<16} {:<6} {:>9.3f} {:>9.3f} {:>9.3f} {:>9.3f}{}\n", channel.name, channel.unit,
                       all.mean / all.n, deviation, all.lo, all.hi,
                       channel.unit == "mm" && deviation < kDeadMm ? "  hardly moves" : "");
  }
  return out + "std: within speakers\n";
}

}  // namespace

int run(const CorpusImportArgs& a) {
  if (a.format != "stem-e2va")
    fail(Fault::usage, fmt::format("unknown corpus format \"{}\"; known: stem-e2va", a.format));
  const ImportReport r = import_stem_e2va(a.source, a.out);
  print_result(
      fmt::format("{}: {} utterances, {:.1f} minutes, {} skipped\n", a.out, r.done, r.seconds / 60, r.skipped));
  return 0;
}

int run(const CorpusCheckArgs& a) {
  const Corpus corpus = read_corpus(a.dir);
  int bad = 0;
  for (const auto& l : load_all(corpus))
    if (!l.problem.empty()) ++bad, print_result(l.problem + "\n");
  if (bad > 0)
    fail(Fault::data, fmt::format("{}: {} of {} utterances are bad; mend them, or train with --skip-bad", a.dir, bad,
                                  corpus.utterances.size()));
  print_result(fmt::format("{}: {} utterances in {} splits are good; no id is in two splits\n", a.dir,
                           corpus.utterances.size(), corpus.splits().size()));
  return 0;
}

int run(const CorpusStatsArgs& a) {
  const Corpus corpus = read_corpus(a.dir);
  const std::vector<Loaded> loaded = load_all(corpus);
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
    for (Count* c : {&splits[u.split], &speakers[u.speaker]}) ++c->utterances, c->seconds += loaded[i].seconds;
    seconds += loaded[i].seconds;
    by_speaker[u.speaker].push_back(&loaded[i].track);
  }
  std::string out = fmt::format("{}: {} utterances, {:.1f} minutes, {} Hz, {} channels at {} Hz\n", corpus.name,
                                corpus.utterances.size(), seconds / 60, corpus.sample_rate, corpus.channels.size(),
                                corpus.articulation_rate_hz);
  out += count_table("split", splits) + count_table("speaker", speakers);
  if (bad < static_cast<int>(loaded.size())) out += channel_table(corpus, by_speaker);
  if (bad > 0)
    out += fmt::format("\n{} bad utterances are not counted; `cutract corpus check {}` names them\n", bad, a.dir);
  print_result(out);
  return 0;
}

}  // namespace cutract::cli
