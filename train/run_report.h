#pragma once

#include <ctime>
#include <span>
#include <string>
#include <vector>

#include "eval/html_report.h"
#include "features/dataset.h"
#include "train/checkpoint.h"
#include "train/training_data.h"

namespace cutract {

// A report that says what this model is and how it was trained; the caller adds the results.
Report describe(const TrainedModel&, const Exec&);

// The utterances with the lowest, the median and the highest RMSE (z). `data` is normalised, `measured` holds its
// targets as they were before, in the channels' units, and `predicted` is what run_model gave.
std::vector<Trace> telling_traces(const Dataset& data, std::span<const Matrix> measured,
                                  std::span<const Matrix> predicted, const Extractor&);

// What the scores of a split belong to. `model` is the path that the user gave.
Provenance provenance(const TrainedModel&, const std::string& model, const Corpus&, const Dataset&);

// Fills in what was said in each trace, from the manifest.
void add_texts(std::vector<Trace>&, const Corpus&);

// The line at the top of a training's page: "12 of at most 50 epochs, 8.3 s: STATUS."
std::string training_summary(int epochs, int most, double seconds, const std::string& status);

struct Training {
  int resumed_from = 0;     // epoch; 0: it started from scratch
  std::time_t started = 0;  // this process
  bool running = false;
  double step_s = 0;  // of a frame
};
// When it ran, and on how much data.
void add_facts(Report&, const TrainingData&, const Training&);

std::string clock_text(std::time_t);  // "2026-01-31 17:05:09 +0100", local time

std::string duration_text(double seconds);  // "8.3 s", "2.4 min", "7.1 h"

}  // namespace cutract
