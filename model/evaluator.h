#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "features/dataset/batches.h"
#include "features/dataset/dataset.h"
#include "model/run_config.h"
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

}  // namespace cutract
