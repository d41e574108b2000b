#pragma once

#include <string>

#include "cli/commands.h"
#include "eval/scored_runs.h"

namespace cutract::cli {

// Trains a model as `training` says and scores it on data.test_split; the scores are kept in scores.json of the run.
// Both resume, so what is done already costs little. Returns the exit code of the training; if it is 0, the run is
// added to `all` under this name.
int train_and_score(const TrainArgs& training, const std::string& name, ScoredRuns& all);

// Writes FOLDER/STEM.json and STEM.html, and prints the table.
void report_runs(const ScoredRuns&, const std::string& folder, const std::string& stem);

}  // namespace cutract::cli
