#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "features/dataset/batches.h"
#include "host/device/graph.h"
#include "kernels/loss.h"
#include "nn/network.h"
#include "train/optimizer.h"

namespace cutract {

struct StepConfig {
  Objective loss;
  double clip = 0;  // global norm; 0: off
  std::uint64_t seed = 0;
  RateCurve rate = {};  // moves the learning rate of an epoch with each update
};

// Runs training steps: forward, loss, backward, clipping by the global norm, update. If the loss or the gradient is not
// finite, nothing is updated. On a GPU a step is queued without waiting for it. Its work is captured once for all
// batches with the same number of utterances and rows (see bucket_rows); later steps of that size launch the captured
// graph.
class Stepper {
 public:
  // All arguments must outlive the stepper. On a GPU the constructor runs the largest batch once, without an update, so
  // running out of memory is found here, before training starts.
  Stepper(Exec&, Network&, Optimizer&, Batches&, const StepConfig&);

  // Begins an epoch of these batches, which hold indices of examples, at the learning rate `lr`.
  void begin_epoch(const std::vector<std::vector<int>>& batches, double lr);
  // Continues an epoch of these batches after the steps that the record, saved by an earlier process, counts.
  void go_on(const std::vector<std::vector<int>>& batches, double lr, const StepRecord&);
  void step();                     // trains on the next batch; Error{internal} after the last
  const StepRecord& seen() const;  // the latest record that is known without waiting
  StepRecord wait();               // waits for all queued steps and returns their record

  // Whether steps are captured. They are not with CUTRACT_SYNC=1, which checks for errors after every launch, nor with
  // an LSTM engine that reads lengths on the host.
  bool captures() const { return captures_; }

 private:
  void take(Index batch);
  void queue(const Batch&);
  Index rows(Index batch) const;
  Batch packed(Index batch);
  void forward_backward(const Batch&);
  void update(const Batch&);

  Exec& ex_;
  Network& network_;
  Optimizer& optimizer_;
  Batches& batches_;
  StepConfig config_;
  bool captures_;
  Buffer<float> dy_;
  Buffer<double> sums_, lr_;  // loss and squared norm of the gradient; learning rate
  Buffer<AdamStep> scalars_;
  Buffer<SgdStep> sgd_scalars_;
  Buffer<StepRecord> mirror_;
  Index next_ = 0;
  const void* captured_memory_ = nullptr;                         // memory of the network that graphs_ write to
  std::map<std::pair<Index, Index>, std::vector<Graph>> graphs_;  // by number of utterances and rows; empty: run once
};

}  // namespace cutract
