#pragma once

#include <string>
#include <vector>

#include "eval/comparison.h"

namespace cutract {

// The scores of one fold: a model that was trained without its utterances, on these.
struct FoldScores {
  std::string name;
  ScoredSplit scores;
};

struct CrossValidation {
  std::string title;  // "cross-validation of configs/baseline.toml, one speaker left out"
  std::vector<FoldScores> folds;
};

// Tables of the scores of each fold, with their mean and standard deviation over folds: at most 80 columns wide for
// people, one JSON object, and one HTML page that links to the report of each fold's run, at
// runs/FOLD/report.html. There is
// at least one fold.
std::string cross_validation_table(const CrossValidation&);
std::string cross_validation_json(const CrossValidation&);
std::string cross_validation_page(const CrossValidation&);

}  // namespace cutract
