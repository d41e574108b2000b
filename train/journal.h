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
  // Whether the run was finished before and has its results; `of_this_corpus`: and read the same corpus.
  virtual bool complete(bool of_this_corpus) const = 0;
  virtual std::string where_skipped() const = 0;  // "; see RUN/skipped.tsv"

  // Called once, after the model was made.
  virtual void start() = 0;
  virtual bool save_within(Learner&) = 0;  // returns whether anything was saved
  // An epoch is done: writes metrics, a checkpoint, and occasionally a report.
  virtual void add(Learner&, Learner::Epoch&) = 0;
  virtual void failed(Learner&, const std::string& why) = 0;
  // Completes the result with what is on the disk, and writes the last report.
  virtual void finish(Learner*, TrainResult&) = 0;
};

// Opens the run folder and finds the checkpoint to resume from, from which the course then continues. Nothing in the
// folder changes before start, except that a surplus checkpoint which a killed process left is deleted if no other save
// follows. Throws as RunFolder and find_resume_point.
std::unique_ptr<Journal> run_journal(Exec&, const TrainOptions&, const Session&, Course&);
// Of a trial, which writes nothing.
std::unique_ptr<Journal> no_journal();

}  // namespace cutract
