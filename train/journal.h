#pragma once

#include <memory>
#include <optional>
#include <string>

#include "train/course.h"
#include "train/learner.h"
#include "train/resume.h"
#include "train/session.h"
#include "train/trainer.h"

namespace cutract {

// The output of a training: a run folder, or nothing in a trial.
class Journal {
 public:
  virtual ~Journal() = default;

  // The checkpoint to resume from.
  virtual std::optional<ResumePoint>& point() = 0;
  // Whether the run is finished and its results are in the run folder. With `of_this_corpus`, also whether it was
  // trained on the corpus of this session.
  virtual bool complete(bool of_this_corpus) const = 0;
  virtual std::string where_skipped() const = 0;  // "; see RUN/skipped.tsv"

  // Called once, after the model is made.
  virtual void start() = 0;
  virtual bool save_within(Learner&) = 0;  // returns whether anything was saved
  // Called after each epoch: writes metrics, a checkpoint, and occasionally a report.
  virtual void add(Learner&, Learner::Epoch&) = 0;
  virtual void failed(Learner&, const std::string& why) = 0;
  // Adds to the result what the run folder holds, and writes the last report.
  virtual void finish(Learner*, TrainResult&) = 0;
};

// Opens the run folder and finds the checkpoint to resume from, with which the course then continues. Nothing in the
// folder changes before start(), except that a surplus checkpoint that a killed process left is deleted if no save
// follows. Throws what RunFolder and find_resume_point throw.
std::unique_ptr<Journal> run_journal(Exec&, const TrainOptions&, const Session&, Course&);
// The journal of a trial, which writes nothing.
std::unique_ptr<Journal> no_journal();

}  // namespace cutract
