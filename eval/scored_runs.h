#pragma once

#include <string>
#include <vector>

#include "eval/comparison.h"

namespace cutract {

struct ScoredRun {
  std::string name;  // of its folder
  ScoredSplit scores;
};

// Runs that differ in one thing, such as the fold of a cross-validation or the seed, and their scores.
struct ScoredRuns {
  std::string title;            // "Cross-validation of configs/baseline.toml: 5 folds by speaker"
  std::string kind;             // what a run is called: "fold"
  std::vector<ScoredRun> runs;  // at least one
  std::string explanation;      // a sentence for the page
};

// Tables of the scores of each run, with their mean and standard deviation over runs: at most 80 columns wide for
// people, one JSON object, and one HTML page that links to the report of each run, at runs/NAME/report.html.
std::string scored_runs_table(const ScoredRuns&);
std::string scored_runs_json(const ScoredRuns&);
std::string scored_runs_page(const ScoredRuns&);

}  // namespace cutract
