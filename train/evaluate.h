#pragma once

#include <span>
#include <string>
#include <vector>

#include "features/dataset.h"
#include "train/checkpoint.h"

namespace cutract {

// Features and targets of every example to z, in place. A speaker that training did not see is warned about once.
void normalise(Dataset&, const Normaliser& features, const Normaliser& targets);

// The model's output [T,P] (z) for each example's features (z), in order. Batches of `batch_size`, longest first.
std::vector<Matrix> run_model(Exec&, Network&, std::span<const Example>, int batch_size);

// Scores of a normalised dataset, and of what run_model gave for it.
Scores evaluate(Exec&, Network&, const Dataset&, std::span<const Channel>, const std::string& split, const RunConfig&);
Scores evaluate(const Dataset&, std::span<const Matrix> predicted, std::span<const Channel>, const std::string& split,
                const RunConfig&);

// Movement for the features of one recording (not normalised), in the channels' units. `speaker` picks the statistics;
// one that training did not see, or "", takes the corpus's.
Matrix predict(Exec&, const TrainedModel&, Network&, Matrix features, const std::string& speaker);

}  // namespace cutract
