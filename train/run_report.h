#pragma once

#include <ctime>
#include <span>
#include <string>
#include <vector>

#include "eval/report/html_report.h"
#include "features/dataset/dataset.h"
#include "model/trained_model.h"
#include "train/training_data.h"

namespace cutract {

// Returns a report that says what this model is and how it was trained; the caller adds the results.
Report describe(const TrainedModel&, const Exec&);

// Returns the utterances with the lowest, the median and the highest RMSE (z). `data` is normalised, `measured` holds
// its targets before normalisation, in the channels' units, and `predicted` was returned by run_model.
std::vector<Trace> telling_traces(const Dataset& data, std::span<const Matrix> measured,
                                  std::span<const Matrix> predicted, const Extractor&);

// Returns predicted and measured movement of one utterance, in the channels' units; the arguments are as above.
Trace movement_of(const Example&, const Matrix& measured, const Matrix& predicted, const Extractor&);

// Returns the model, checkpoint, corpus and statistics that scores belong to. `model` is the path that the user gave.
Provenance provenance(const TrainedModel&, const std::string& model, const Corpus&, const Dataset&);

// Adds to each trace the sentence of its utterance, from the manifest.
void add_texts(std::vector<Trace>&, const Corpus&);

// Returns the line at the top of the page of a training: "12 of at most 50 epochs, 8.3 s: STATUS."
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
