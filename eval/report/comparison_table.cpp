#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/comparison.h"
#include "eval/metrics.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using Json = nlohmann::ordered_json;
using Row = Comparison::Row;

std::string padded(const std::string& text, std::size_t columns) {
  return text + std::string(text.size() < columns ? columns - text.size() : 0, ' ');
}

std::string score(const OverSeeds& s) {
  if (!s.mean) return "-";
  return s.deviation ? fmt::format("{:.3f} +- {:.3f}", *s.mean, *s.deviation) : fmt::format("{:.3f}", *s.mean);
}

// The model of the first file, and how many files there are.
std::string side_text(const std::vector<ScoredSplit>& files) {
  std::string seeds;
  for (const ScoredSplit& f : files)
    if (f.seed) seeds += fmt::format("{}{}", seeds.empty() ? "" : ", ", *f.seed);
  const char* word = files.size() == 1 ? "seed" : "seeds";
  return shortened(printable(files[0].model), 50) + (seeds.empty() ? "" : fmt::format(" ({} {})", word, seeds));
}

std::string p_text(const Comparison& c, double p) {
  const double least = 1.0 / (1 + c.resampling.samples);
  return p <= least ? fmt::format("<= {:.1g}", least) : fmt::format("{:.3g}", p);
}

std::string whole_split(const Comparison& c) {
  std::string out = padded("whole split", 14) + fmt::format("{:>20}{:>20}\n", "A", "B");
  for (const Row& r : c.rows) out += padded(r.label, 14) + fmt::format("{:>20}{:>20}\n", score(r.a), score(r.b));
  return out;
}

std::string per_utterance(const Comparison& c) {
  constexpr const char* kLine = "{:>8}{:>8}{:>9}{:>20}{:>10}{:>11}\n";
  const auto three = [](double v) { return fmt::format("{:.3f}", v); };
  std::string out =
      padded("utterance mean", 14) + fmt::format(kLine, "A", "B", "A - B", "95 % interval", "p", "A better");
  for (const Row& r : c.rows) {
    const auto& [mean, interval, p] = r.difference;
    out += padded(r.label, 14) + fmt::format(kLine, three(r.mean_a), three(r.mean_b), three(mean),
                                             fmt::format("{:.3f} to {:.3f}", interval.low, interval.high), p_text(c, p),
                                             fmt::format("{} of {}", r.wins, r.pairs));
  }
  return out;
}

std::string method(const Comparison& c) {
  return wrapped(fmt::format("{}The second table is of the mean over utterances. Its intervals come from {} bootstrap "
                             "samples of the utterances, p from a two-sided permutation test of the pairs.",
                             c.a.size() + c.b.size() > 2 ? "+-: standard deviation over seeds. " : "",
                             thousands(c.resampling.samples)),
                 0);
}

// NaN and infinity have no number in JSON.
Json number(std::optional<double> v) { return v && std::isfinite(*v) ? Json(*v) : Json(nullptr); }

Json side_json(const std::vector<ScoredSplit>& files) {
  Json out = Json::array();
  for (const ScoredSplit& f : files)
    out.push_back(
        {{"file", f.path}, {"model", f.model}, {"corpus", f.corpus}, {"seed", f.seed ? Json(*f.seed) : Json(nullptr)}});
  return out;
}

}  // namespace

std::string comparison_table(const Comparison& c) {
  std::string out =
      "A: " + side_text(c.a) + "\nB: " + side_text(c.b) + "\n" +
      fmt::format("{} split: {}, {}\n\n", shortened(printable(c.split)),
                  thousands(c.utterances, "utterance", "utterances"), thousands(c.speakers, "speaker", "speakers")) +
      whole_split(c) + "\n" + per_utterance(c) + "\n" + method(c);
  for (const std::string& note : c.notes) out += wrapped("Note: " + note + ".", 0);
  return out;
}

std::string comparison_json(const Comparison& c) {
  Json scores = Json::array();
  for (const Row& r : c.rows)
    scores.push_back({{"score", r.key},
                      {"a", {{"mean", number(r.a.mean)}, {"deviation", number(r.a.deviation)}}},
                      {"b", {{"mean", number(r.b.mean)}, {"deviation", number(r.b.deviation)}}},
                      {"utterance_mean_a", number(r.mean_a)},
                      {"utterance_mean_b", number(r.mean_b)},
                      {"difference", number(r.difference.mean)},
                      {"interval_95", {number(r.difference.interval.low), number(r.difference.interval.high)}},
                      {"p", number(r.difference.p)},
                      {"utterances", r.pairs},
                      {"a_better_in", r.wins}});
  Json out;
  out["split"] = c.split;
  out["utterances"] = c.utterances;
  out["speakers"] = c.speakers;
  out["unit"] = c.unit;
  out["a"] = side_json(c.a);
  out["b"] = side_json(c.b);
  out["samples"] = c.resampling.samples;
  out["seed"] = c.resampling.seed;
  out["scores"] = std::move(scores);
  out["notes"] = c.notes;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cutract
