#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eval/report/history.h"
#include "host/run/checkpoints.h"
#include "host/run/progress.h"
#include "model/evaluator.h"
#include "nn/network.h"
#include "train/course.h"
#include "train/requests.h"
#include "train/resume.h"
#include "train/schedule.h"
#include "train/session.h"
#include "train/stepper.h"

namespace cutract {

// The model while it is trained, and everything that changes with its steps.
class Learner {
 public:
  // A new model, one with the weights of options.init_from, or the one of the point with its optimizer and schedule.
  // Throws as init_from, and Error{config} if the point was trained on other data. The arguments must outlive the
  // learner.
  Learner(Exec&, const Session&, Course&, Requests&, std::optional<ResumePoint>&, const TrainOptions&);

  // Moves both splits into the executor's memory and reserves memory for their largest batches, so that running out of
  // memory is found before training starts.
  void prepare();

  struct Epoch {
    bool complete = false;    // otherwise it was stopped
    Index step = 0, of = 0;   // steps taken, and in the epoch
    bool progressed = true;   // whether anything is new since the last checkpoint
    Index frames = 0;         // that this process trained on
    EpochRecord record = {};  // without the scores
    Scores val = {};
    bool rate_fell = false;
  };
  // Trains one epoch, from its first step or from the step at which a checkpoint inside it was saved, and validates.
  // `save_within` is called where saving is asked for, with the steps taken and in the epoch.
  Epoch epoch(Progress&, const std::function<void(Index step, Index of)>& save_within);

  // The content of a checkpoint, after an epoch or within one; `environment` is its env.json.
  Checkpoints::Files files(double val_loss, bool within, const std::string& environment);
  Index steps() { return stepper_->wait().steps; }  // over all epochs
  double lr() const { return schedule_.lr(); }
  const TrainedModel& trained() const { return trained_; }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

  void restore(ResumePoint&);
  Index begin(const std::vector<std::vector<int>>& order, Progress&);
  void validate(Epoch&);
  double latest_rate(Index updates) const;  // learning rate of the latest update, after this many
  double epoch_seconds() const { return course_.state.epoch_seconds + seconds_since(began_); }

  Exec& ex_;
  const Session& session_;
  Course& course_;
  Requests& requests_;
  TrainedModel trained_;
  Optimizer optimizer_;
  Schedule schedule_;
  std::optional<StepRecord> within_;  // of the epoch in which the checkpoint was saved
  std::optional<Network> network_;    // the model as trained since it was last saved
  std::optional<Batches> batches_;    // these three are made by prepare
  std::optional<Evaluator> evaluator_;
  std::optional<Stepper> stepper_;
  Index first_step_ = 0;             // of this process in the current epoch
  Clock::time_point batch_began_{};  // the batch that is computed with
  Clock::time_point began_{};        // when the current epoch began in this process
};

}  // namespace cutract
