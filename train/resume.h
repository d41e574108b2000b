#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/run/checkpoints.h"
#include "model/trained_model.h"
#include "train/run_folder.h"
#include "train/state.h"
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

// Finds the checkpoint to resume from. `from` is a checkpoint folder or a run folder, which stands for its newest
// intact checkpoint; "" stands for the newest intact one of `own`, the checkpoints folder of this run, if there is one.
// Throws Error{config} if the checkpoint was trained with different channels, or different settings that change what is
// learned; and Error{usage} if `own` holds checkpoints that are newer than `from` or belong to a different run.
std::optional<ResumePoint> find_resume_point(const std::string& from, const std::string& own, const RunConfig&,
                                             const Corpus&);

// Returns how far training had come: "epoch 3", "epoch 4 after 17 steps".
std::string stands_at(const ResumePoint&);

// Identifies what training reads of each utterance of both splits: one line each, with split, id and digest. Texts,
// licences, line ends and other splits do not affect it. It also seeds the order of the batches.
std::string fingerprint(const TrainingData&);
// Throws Error{config}, which names the first utterances that have changed, unless `fingerprint` is the one of the
// point.
void expect_same_data(const ResumePoint&, const std::string& fingerprint, const std::string& corpus_dir);

// Prepares a new run folder that continues another run from `point`: copies the best checkpoint so far, if the other
// run still has it (otherwise the point's own counts as the best), the point itself, and the history up to it.
void adopt(ResumePoint& point, Checkpoints& own, RunFolder&);

}  // namespace cutract
