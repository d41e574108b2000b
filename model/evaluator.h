#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/dataset/batches.h"
#include "features/dataset/dataset.h"
#include "model/trained_model.h"
#include "nn/network.h"

namespace cutract {

// Returns the model's output [T,P] (z) for the features (z) of each example, in the order of the examples. Computes in
// batches of `batch_size`, longest first.
std::vector<Matrix> run_model(Exec&, Network&, std::span<const Example>, int batch_size);

// Scores one dataset repeatedly. The dataset stays in the executor's memory, and so do the sums over its frames until
// the last batch is done.
class Evaluator {
 public:
  Evaluator(Exec&, const Dataset&, int batch_size);  // the dataset is normalised and must outlive the evaluator
  Index most_rows() const { return batches_.most_rows(); }
  // `between` is called between batches, and may throw.
  Scores operator()(Exec&, Network&, std::span<const Channel>, const std::string& split, const RunConfig&,
                    const std::function<void()>& between = {});

 private:
  const Dataset& data_;
  Batches batches_;
  Buffer<ScoreSums> sums_;  // [U, P]
  Buffer<double> value_;    // of a batch
  Buffer<LossPart> parts_;  // [batches, terms]
};

// Scores a normalised dataset for which run_model returned `predicted`.
Scores evaluate(const Dataset&, std::span<const Matrix> predicted, std::span<const Channel>, const std::string& split,
                const RunConfig&);

// A recording of more than kPieceFrames + 2 kPieceOverlap frames is predicted in pieces of kPieceFrames, each with
// kPieceOverlap more frames on both sides that are computed and dropped. Memory for activations then does not grow with
// the length. A shorter recording is predicted whole. The difference is below 1e-5 of a z for a model that forgets
// within the overlap, as LongRecordings.* shows for a forget gate near 0.95; for a model with a longer memory it is
// larger near the cuts.
constexpr Index kPieceFrames = 6000;
constexpr Index kPieceOverlap = 1000;

// Returns the movement [T,P], in the channels' units, for the features of one recording (not normalised, in the
// executor's memory). `speaker` selects the statistics; "" and unknown speakers get those of the training corpus.
Matrix predict(Exec&, const TrainedModel&, Network&, Frames features, const std::string& speaker);
// The same with statistics other than the model's, e.g. statistics adapted to the speaker.
Matrix predict(Exec&, const Normaliser& features_by, const Normaliser& targets_by, Network&, Frames features,
               const std::string& speaker);

}  // namespace cutract
