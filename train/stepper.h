#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "host/core/graph.h"
#include "kernels/loss.h"
#include "train/batches.h"
#include "train/network.h"
#include "train/optimizer.h"

namespace cutract {

struct StepConfig {
  LossKind loss = LossKind::mse;
  double clip = 0;  // global norm; 0: off
  std::uint64_t seed = 0;
};

// Training steps: forward, loss, backward, clip by global norm, update. With a loss or gradient that is not finite,
// nothing is updated. On a GPU a step is queued and not waited for, and what it does is captured once for all batches
// of the same number of utterances and rows (see bucket_rows): a step is then the launch of one graph.
class Stepper {
 public:
  // All must outlive it. On a GPU it runs the largest batch once, without an
  // update, so running out of memory is found here, before training starts.
  Stepper(Exec&, Network&, Optimizer&, Batches&, const StepConfig&);

  void begin_epoch(const std::vector<std::vector<int>>& batches, double lr);
  // Inside an epoch of these batches, as the record that an earlier process saved says.
  void go_on(const std::vector<std::vector<int>>& batches, double lr, const StepRecord&);
  void step();                     // the next batch
  const StepRecord& seen() const;  // as far as it is known without waiting
  StepRecord wait();               // when all steps are done

  // Whether steps are captured. They are not with CUTRACT_SYNC=1, which looks for errors launch by launch,
  // nor with an engine of the LSTM that reads lengths on the host.
  bool captures() const { return captures_; }

 private:
  void queue(const Batch&);
  Index rows(Index batch) const;
  Batch packed(Index batch);
  void forward_backward(const Batch&);

  Exec& ex_;
  Network& network_;
  Optimizer& optimizer_;
  Batches& batches_;
  StepConfig config_;
  bool captures_;
  Buffer<float> dy_;
  Buffer<double> sums_, lr_;  // loss and squared norm of the gradient; learning rate
  Buffer<AdamStep> scalars_;
  Buffer<StepRecord> mirror_;
  Index next_ = 0;
  const void* captured_memory_ = nullptr;                         // of the network, that graphs_ write to
  std::map<std::pair<Index, Index>, std::vector<Graph>> graphs_;  // by utterances and rows; empty: seen once
};

}  // namespace cutract
