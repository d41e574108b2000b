#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/run/checkpoints.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"
#include "train/training_data.h"

namespace cutract {

// The checkpoint that a run resumes from, read and checked.
struct ResumePoint {
  std::string checkpoint;  // its folder
  Checkpoints::Files files;
  TrainedModel model;
  SavedState saved;
  double val_loss = 0;
  bool other_run = false;  // it is in the folder of another run
};

// `from` is a checkpoint folder or a run folder (then its newest intact checkpoint); "": the newest intact one of
// `own`, if there is any. Error{config} if it was trained with settings or channels that change what is learned,
// Error{usage} if `own` holds checkpoints that `from` would leave behind or contradict.
std::optional<ResumePoint> find_resume_point(const std::string& from, const std::string& own, const RunConfig&,
                                             const Corpus&);

std::string stands_at(const ResumePoint&);  // "epoch 3", "epoch 4 after 17 steps"

// What training reads of each utterance of both splits, one a line: split, id, digest. Texts, licences, line ends and
// other splits are not in it.
std::string fingerprint(const TrainingData&);
// Error{config} naming the first utterances that are not what they were.
void expect_same_data(const ResumePoint&, const std::string& fingerprint, const std::string& corpus_dir);

// Makes a new run folder hold what a run from `point` had left in it: the best checkpoint so far, if the other run
// still has it (otherwise the point's own counts as the best), the point itself, and the history up to it.
void adopt(ResumePoint& point, Checkpoints& own, RunFolder&);

}  // namespace cutract
