#include "eval/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using Utterance = ScoredSplit::Utterance;
using Splits = std::vector<ScoredSplit>;

// A score that is compared. `in_z`: its unit is the deviation of the training data, which may differ between models.
struct Kind {
  const char *key, *label;
  std::optional<double> Utterance::*score;
  bool less_is_better, in_z;
};
constexpr Kind kKinds[] = {{"rmse", "RMSE (z)", &Utterance::rmse, true, true},
                           {"rmse_units", "RMSE", &Utterance::rmse_units, true, false},
                           {"mae", "MAE (z)", &Utterance::mae, true, true},
                           {"pearson", "Pearson r", &Utterance::pearson, false, false}};

// The first few ids of `a` that `b` lacks, or "".
std::string lacking(const ScoredSplit& a, const ScoredSplit& b) {
  std::vector<std::string> ids_a, ids_b, only;
  for (const Utterance& u : a.utterances) ids_a.push_back(u.id);
  for (const Utterance& u : b.utterances) ids_b.push_back(u.id);
  std::set_difference(ids_a.begin(), ids_a.end(), ids_b.begin(), ids_b.end(), std::back_inserter(only));
  return only.empty() ? "" : fmt::format("{}, e.g. \"{}\"", counted(std::ssize(only), "utterance"), shortened(only[0]));
}

void expect_same_utterances(const ScoredSplit& first, const ScoredSplit& other) {
  for (const auto& [a, b] : {std::pair{&first, &other}, std::pair{&other, &first}})
    if (const std::string only = lacking(*a, *b); !only.empty())
      fail(Fault::data, fmt::format("{}: has {} that {} lacks; compare scores of the same split of one corpus", a->path,
                                    only, b->path));
  if (first.channels != other.channels)
    fail(Fault::data, fmt::format("{}: its channels ({}) are not those of {} ({})", other.path,
                                  fmt::join(other.channels, " "), first.path, fmt::join(first.channels, " ")));
}

OverSeeds over_seeds(const Splits& files, const Kind& kind) {
  std::vector<double> values;
  for (const ScoredSplit& f : files)
    if (const auto v = f.whole.*kind.score) values.push_back(*v);
  return values.size() < files.size() ? OverSeeds{} : mean_and_deviation(values);
}

// The mean over seeds of utterance i; missing if one of them has none.
std::optional<double> score_of(const Splits& files, const Kind& kind, std::size_t i) {
  double sum = 0;
  for (const ScoredSplit& f : files) {
    const auto v = f.utterances[i].*kind.score;
    if (!v) return std::nullopt;
    sum += *v;
  }
  return sum / static_cast<double>(files.size());
}

Comparison::Row compare_kind(const Comparison& c, const Kind& kind) {
  Comparison::Row row{.key = kind.key, .label = kind.label, .a = over_seeds(c.a, kind), .b = over_seeds(c.b, kind)};
  if (row.key == "rmse_units") row.label += " (" + c.unit + ")";
  std::vector<double> differences;
  for (std::size_t i = 0; i < c.a[0].utterances.size(); ++i) {
    const auto a = score_of(c.a, kind, i), b = score_of(c.b, kind, i);
    if (!a || !b) continue;
    row.mean_a += *a;
    row.mean_b += *b;
    differences.push_back(*a - *b);
    row.wins += (kind.less_is_better ? *a < *b : *a > *b) ? 1 : 0;
  }
  row.pairs = std::ssize(differences);
  if (differences.empty()) return row;
  row.mean_a /= static_cast<double>(row.pairs);
  row.mean_b /= static_cast<double>(row.pairs);
  row.difference = paired_difference(differences, c.resampling);
  return row;
}

// Whether z means the same in all files: the deviations come from the training data of each model.
bool same_z(const Comparison& c) {
  return std::all_of(c.b.begin(), c.b.end(),
                     [&](const ScoredSplit& f) { return f.target_statistics == c.a[0].target_statistics; }) &&
         std::all_of(c.a.begin(), c.a.end(),
                     [&](const ScoredSplit& f) { return f.target_statistics == c.a[0].target_statistics; });
}

}  // namespace

OverSeeds mean_and_deviation(std::span<const double> values) {
  double sum = 0, square = 0;
  for (const double v : values) sum += v;
  const double n = static_cast<double>(values.size()), mean = sum / n;
  for (const double v : values) square += (v - mean) * (v - mean);
  return {mean, n > 1 ? std::optional(std::sqrt(square / (n - 1))) : std::nullopt};
}

Comparison compare(Splits a, Splits b, const Resampling& how) {
  Comparison c;
  for (const Splits* side : {&a, &b})
    for (const ScoredSplit& f : *side) expect_same_utterances(a.at(0), f);
  c.split = a[0].split;
  c.unit = a[0].unit;
  c.utterances = std::ssize(a[0].utterances);
  std::set<std::string> speakers;
  for (const Utterance& u : a[0].utterances) speakers.insert(u.speaker);
  c.speakers = std::ssize(speakers);
  c.resampling = how;
  c.a = std::move(a);
  c.b = std::move(b);
  const bool z = same_z(c);
  if (!z) c.notes.emplace_back("scores in z are left out: the models normalise the targets differently");
  for (const Kind& kind : kKinds) {
    if (kind.in_z && !z) continue;
    Comparison::Row row = compare_kind(c, kind);
    if (row.pairs == 0) continue;
    if (row.pairs < c.utterances)
      c.notes.push_back(fmt::format("{}: {} left out, where it is undefined", row.label,
                                    counted(c.utterances - row.pairs, "utterance")));
    c.rows.push_back(std::move(row));
  }
  return c;
}

}  // namespace cutract
