#include "train/learner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/sha256.h"
#include "train/init_from.h"
#include "train/run_summary.h"

namespace cutract {
namespace {

TrainedModel new_model(const Session& s) {
  TrainedModel m{s.config, Model(s.spec()), s.data.features, s.data.targets, s.corpus.channels, s.corpus.name, 0, 0};
  m.model.initialise(static_cast<std::uint64_t>(s.config.trainer.seed));
  return m;
}

Index steps_per_epoch(const Session& s) {
  const Index batch = s.config.trainer.batch_size;
  return (std::ssize(s.data.train.examples) + batch - 1) / batch;
}

}  // namespace

Learner::Learner(Exec& ex, const Session& session, Course& course, Requests& requests,
                 std::optional<ResumePoint>& point, const TrainOptions& options)
    : ex_(ex),
      session_(session),
      course_(course),
      requests_(requests),
      trained_(new_model(session)),
      optimizer_(ex, session.config.optim, trained_.model.size()),
      schedule_(session.config.schedule, session.config.optim.lr, steps_per_epoch(session),
                session.config.trainer.max_epochs) {
  if (!point) expect_warm_up_fits(session_.config.schedule, session_.config.trainer.max_epochs);
  if (point)
    restore(*point);
  else if (!options.init_from.empty())
    init_from(trained_, options.init_from);
  network_.emplace(ex_, trained_.model, compute(session_.config));
  // With a large model on the CPU a batch can take a minute, which is too long to wait for when a stop is asked for.
  if (std::holds_alternative<CpuExec>(ex_))
    network_->call_before_layers([this, most = options.long_step_s] {
      if (seconds_since(batch_began_) >= most) requests_.give_up_if_asked();
    });
  log_engines(ex_, session_.config, session_.engines);
  TrainingState& state = course_.state;
  state.config = write_run_config(session_.config);
  state.data = fingerprint(session_.data);
  if (!point) state.order_key = sha256_hex(state.data);
  log::info(fmt::format("model: {}, {} parameters", describe(trained_.model.spec().stack), trained_.model.size()));
}

// Restores the statistics with the weights, which were trained with them.
void Learner::restore(ResumePoint& point) {
  expect_same_data(point, fingerprint(session_.data), session_.corpus.dir);
  point.saved.restore(ex_, optimizer_, point.checkpoint + "/state.safetensors");
  trained_ = std::move(point.model);
  trained_.config = session_.config;
  const Index length = schedule_.length();
  schedule_.restore(course_.state.schedule, point.checkpoint + "/state.safetensors");
  if (schedule_.length() != length)
    log::info(fmt::format("the learning rate follows the {} schedule that the run began with, over {}",
                          name_of(session_.config.schedule.name), counted(schedule_.length(), "update")));
  if (course_.state.within) within_ = point.saved.record;
}

double Learner::latest_rate(Index updates) const { return schedule_.rate(std::max<Index>(updates - 1, 0)); }

void Learner::prepare() {
  const RunConfig& config = session_.config;
  batches_.emplace(ex_, session_.data.train.examples, config.trainer.batch_size);
  evaluator_.emplace(ex_, session_.data.val, config.trainer.batch_size);
  network_->reserve(ex_, std::max(batches_->most_rows(), evaluator_->most_rows()));
  stepper_.emplace(ex_, *network_, optimizer_, *batches_,
                   StepConfig{config.trainer.loss, config.trainer.gradient_clip_val,
                              static_cast<std::uint64_t>(config.trainer.seed), schedule_.curve()});
}

Learner::Epoch Learner::epoch(Progress& progress, const std::function<void(Index, Index)>& save_within) {
  TrainingState& state = course_.state;
  const RunConfig& config = session_.config;
  began_ = Clock::now();
  const auto order = session_.order(state.epoch, state.order_key);
  Epoch out{.of = std::ssize(order), .record = {.epoch = state.epoch + 1}};
  const Index frames_before = begin(order, progress);
  const auto stopped_after = [&](Index step) {
    out.step = step;
    out.frames = stepper_->wait().frames - frames_before;
    return out;
  };
  for (Index i = first_step_; i < out.of; ++i) {
    batch_began_ = Clock::now();
    try {
      stepper_->step();
    } catch (const Requests::Stopped&) {
      out.progressed = i > first_step_;
      return stopped_after(i);
    }
    const StepRecord& seen = stepper_->seen();
    if (seen.in_a_row >= config.trainer.max_nonfinite_steps) break;
    progress.step(static_cast<long>(batches_->frames(i)), seen.loss, latest_rate(seen.steps));
    if (requests_.stop()) return stopped_after(i + 1);
    if (requests_.save()) save_within(i + 1, out.of);
  }
  const StepRecord done = stepper_->wait();
  EpochRecord& record = out.record;
  expect_finite_steps(done, order, session_.data.train, record.epoch, config);
  record.frames_per_s = static_cast<double>(done.frames) / epoch_seconds();
  record.train_loss = done.loss_sum / static_cast<double>(std::max<Index>(done.frames, 1));
  record.grad_norm = done.norm_sum / static_cast<double>(std::max<Index>(done.taken, 1));
  record.skipped_steps = static_cast<int>(done.batches - done.taken);
  record.step = done.steps;
  record.lr = latest_rate(done.steps);
  try {
    validate(out);
  } catch (const Requests::Stopped&) { return stopped_after(out.of); }
  out.frames = done.frames - frames_before;
  out.complete = true;
  return out;
}

// Begins or continues an epoch. Returns how many of its frames an earlier process trained on.
Index Learner::begin(const std::vector<std::vector<int>>& order, Progress& progress) {
  TrainingState& state = course_.state;
  first_step_ = 0;
  if (!state.within) {
    state.epoch_seconds = 0;
    stepper_->begin_epoch(order, schedule_.lr());
    return 0;
  }
  const StepRecord& from = *within_;
  stepper_->go_on(order, schedule_.lr(), from);
  first_step_ = from.batches;
  state.within = false;
  progress.step(static_cast<long>(from.frames), from.loss_sum / static_cast<double>(std::max<Index>(from.frames, 1)),
                latest_rate(from.steps));
  return from.frames;
}

void Learner::validate(Epoch& epoch) {
  batch_began_ = Clock::now();
  const RunConfig& config = session_.config;
  epoch.val = (*evaluator_)(ex_, *network_, session_.corpus.channels, config.data.val_split, config, [this] {
    requests_.give_up_if_asked();
    batch_began_ = Clock::now();
  });
  epoch.val.frame_step_s = session_.extractor.step_s();
  if (!std::isfinite(epoch.val.loss))
    fail(Fault::diverged,
         fmt::format("training diverged in epoch {}: the validation loss is {}; try a smaller optim.lr; earlier "
                     "checkpoints are kept",
                     epoch.record.epoch, epoch.val.loss));
  course_.add(epoch.val.loss);
  epoch.rate_fell = schedule_.check(epoch.val.loss);
  epoch.record.seconds = epoch_seconds();
}

Checkpoints::Files Learner::files(double val_loss, bool within, const std::string& environment) {
  TrainingState& state = course_.state;
  trained_.epoch = state.epoch;
  trained_.val_loss = val_loss;
  network_->write_back(ex_, trained_.model);
  state.schedule = schedule_.state();
  TrainingState saved = state;
  saved.within = within;
  saved.epoch_seconds = within ? epoch_seconds() : 0;
  return {{"model.safetensors", encode_model(trained_)},
          {"state.safetensors", encode_state(ex_, saved, optimizer_)},
          {"env.json", environment}};
}

}  // namespace cutract
