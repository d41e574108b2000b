#include "train/stepper.h"

#include "host/core/error.h"
#include "host/device/gpu_faults.h"
#include "kernels/optim/adam.h"
#include "kernels/optim/sgd.h"
#include "kernels/optim/sum_squares.h"

namespace cutract {
namespace {

bool on_gpu(const Exec& ex) { return std::holds_alternative<GpuExec>(ex); }

}  // namespace

Stepper::Stepper(Exec& ex, Network& network, Optimizer& optimizer, Batches& batches, const StepConfig& config)
    : ex_(ex),
      network_(network),
      optimizer_(optimizer),
      batches_(batches),
      config_(config),
      captures_(on_gpu(ex) && !sync_every_launch() && !network.reads_lengths_on_host()),
      dy_(ex, batches.most_rows() * network.spec().outputs),
      sums_(ex, 2),
      lr_(ex, 1),
      scalars_(ex, 1),
      sgd_scalars_(ex, 1),
      mirror_(ex, 1, Place::shared) {
  mirror_.write(ex_, std::vector<StepRecord>(1));
  network_.reserve(ex_, batches_.most_rows());
  if (on_gpu(ex_) && batches_.most_rows() > 0) {
    begin_epoch({batches_.longest()}, 0);
    forward_backward(packed(0));
  }
}

void Stepper::begin_epoch(const std::vector<std::vector<int>>& batches, double lr) {
  const StepRecord was = optimizer_.read(ex_);
  go_on(batches, lr, {.steps = was.steps, .in_a_row = was.in_a_row, .longest_row = was.in_a_row});
}

void Stepper::go_on(const std::vector<std::vector<int>>& batches, double lr, const StepRecord& record) {
  batches_.set(ex_, batches);
  optimizer_.write(ex_, record);
  mirror_.write(ex_, {&record, 1});
  lr_.write(ex_, {&lr, 1});
  next_ = record.batches;
}

Index Stepper::rows(Index batch) const {
  const Index frames = batches_.frames(batch);
  return on_gpu(ex_) ? bucket_rows(frames) : frames;
}

void Stepper::step() {
  if (next_ >= batches_.size()) fail(Fault::internal, "stepper: no batch is left in this epoch");
  take(next_);
  ++next_;  // not before: a step that is given up half-way has updated nothing and can be taken again
}

void Stepper::take(Index batch) {
  const auto work = [this, batch] { queue(packed(batch)); };
  if (!captures_) return work();
  if (captured_memory_ != network_.memory()) {
    graphs_.clear();
    captured_memory_ = network_.memory();
  }
  // The first step of a size is not captured, so that libraries have done their one-time work before capture.
  const auto [at, first] = graphs_.try_emplace({std::ssize(batches_.order(batch)), rows(batch)});
  if (first) return work();
  if (at->second.empty()) at->second.emplace_back(ex_, work);
  at->second[0].launch(ex_);
}

// When the record on the device selects the batch, only the size of `batch` matters here: the same work serves every
// batch of that size.
Batch Stepper::packed(Index batch) {
  if (network_.reads_lengths_on_host()) return batches_.load(ex_, batch);
  return batches_.next(ex_, optimizer_.record.view(), std::ssize(batches_.order(batch)), rows(batch));
}

void Stepper::forward_backward(const Batch& batch) {
  const Masks masks{config_.seed, {&optimizer_.record.data()->steps, {1}}, batch.uid};
  const auto y = network_.forward(ex_, batch.x, batch.ragged, &masks);
  const View<float, 2> dy(dy_.data(), y.shape);
  loss(ex_, {config_.loss, y, batch.target, batch.ragged, dy, {sums_.data(), {1}}});
  network_.zero_grads(ex_);
  network_.backward(ex_, dy);
  sum_squares(ex_, {network_.grads(), {sums_.data() + 1, {1}}});
}

// Queues the work of one step. It may be captured, because everything that changes from step to step is read from the
// executor's memory.
void Stepper::queue(const Batch& batch) {
  forward_backward(batch);
  update(batch);
}

void Stepper::update(const Batch& batch) {
  const OptimConfig& o = optimizer_.config;
  StepScalarsArgs step{{o.beta1, o.beta2, o.eps, o.weight_decay, o.name == OptimKind::adamw},
                       config_.clip,
                       lr_.view(),
                       sums_.view(),
                       batch.ragged,
                       optimizer_.record.view(),
                       mirror_.view(),
                       {}};
  step.rate = config_.rate;
  if (o.name == OptimKind::sgd) {
    step.sgd = {o.momentum, o.weight_decay, o.nesterov};
    step.sgd_scalars = sgd_scalars_.view();
    step_scalars(ex_, step);
    sgd(ex_, {network_.params(), network_.grads(), optimizer_.m.view(), sgd_scalars_.view()});
    return;
  }
  step.scalars = scalars_.view();
  step_scalars(ex_, step);
  adam(ex_, {network_.params(), network_.grads(), optimizer_.m.view(), optimizer_.v.view(), scalars_.view()});
}

const StepRecord& Stepper::seen() const { return *mirror_.data(); }
StepRecord Stepper::wait() { return optimizer_.read(ex_); }

}  // namespace cutract
