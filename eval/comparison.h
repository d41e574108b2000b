#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// Two-sided 95 % interval.
struct Interval {
  double low = 0, high = 0;
};

// The mean difference of paired values, and how certain it is.
struct PairedDifference {
  double mean = 0;
  Interval interval;
  double p = 1;
};

// How many random samples are drawn, and from which stream; the same numbers give the same results on every machine.
struct Resampling {
  int samples = 10000;
  std::int64_t seed = 1;
};

// Judges the differences a - b of paired values, e.g. of two models' scores of the same utterances. Throws
// Error{internal} if there is none.
// - interval: percentiles of the means of bootstrap samples of the pairs (Efron and Tibshirani 1993, section 13.3),
//   interpolated as by numpy.percentile.
// - p: two-sided permutation test, which swaps the members of each pair at random (Ernst 2004, Statistical Science
//   19:676): (1 + k) / (1 + samples), where k samples have a mean at least as far from 0 (Phipson and Smyth 2010). If
//   the pairs can be swapped in at most `samples` ways, p is exact: the share of these ways.
PairedDifference paired_difference(std::span<const double> differences, const Resampling&);

// The scores of one model on a split, as `cutract eval --json` writes them. Values that were undefined are missing.
struct ScoredSplit {
  struct Utterance {
    std::string id, speaker;
    std::optional<double> rmse, rmse_units, mae, pearson;
  };
  std::string path, model, corpus, split, unit;
  std::string target_statistics;  // whose means and deviations define z
  std::optional<std::int64_t> seed;
  std::vector<std::string> channels;
  Utterance whole;                    // of the whole split; `id` and `speaker` are empty
  std::vector<Utterance> utterances;  // by id
};
// Reads a JSON object of scores_json. Throws Error{data} that names `origin` if it is not one.
ScoredSplit parse_scored_split(std::string_view json, const std::string& origin);

// The mean and the standard deviation over seeds; the latter is missing if there is one seed only.
struct OverSeeds {
  std::optional<double> mean, deviation;
};

OverSeeds mean_and_deviation(std::span<const double>);  // at least one value

// Two models, each trained with one or several seeds, on the same utterances.
struct Comparison {
  struct Row {
    std::string key, label;            // "rmse", "RMSE (z)"
    OverSeeds a, b;                    // of the whole split
    double mean_a = 0, mean_b = 0;     // means over utterances of the mean over seeds
    PairedDifference difference;       // of these
    std::int64_t pairs = 0, wins = 0;  // utterances that both have a score for, and those where a is better
  };
  std::string split, unit;
  std::vector<ScoredSplit> a, b;
  std::int64_t utterances = 0, speakers = 0;
  Resampling resampling;
  std::vector<Row> rows;
  std::vector<std::string> notes;  // what is not compared, and why
};
// Throws Error{data} if the files are not of the same utterances and channels.
Comparison compare(std::vector<ScoredSplit> a, std::vector<ScoredSplit> b, const Resampling&);

// Returns a table for people, at most 80 columns wide.
std::string comparison_table(const Comparison&);
// Returns one JSON object; undefined values are null.
std::string comparison_json(const Comparison&);

}  // namespace cutract
