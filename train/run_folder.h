#pragma once

#include <fstream>
#include <string>

#include "eval/metrics.h"
#include "features/dataset.h"
#include "train/config.h"

namespace cutract {

// One line of metrics.csv.
struct EpochRecord {
  int epoch = 0;                                 // from 1
  Index step = 0;                                // optimizer steps so far
  double train_loss = 0, lr = 0, grad_norm = 0;  // grad_norm: mean over the epoch's steps, before clipping
  Index skipped_steps = 0;                       // not finite
  const Scores* val = nullptr;
  double frames_per_s = 0, seconds = 0;
};

// The files of a run besides checkpoints. Losing one of them must not stop training (R36): after the first failure each
// warns once and is left alone.
class RunFolder {
 public:
  explicit RunFolder(std::string path);  // makes it
  const std::string& path() const { return path_; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }

  void write_config(const RunConfig&);
  // Machine, versions, seed, hashes: what a result depends on.
  void write_environment(const RunConfig&, const std::string& corpus_hash, int threads);
  void write_skipped(const std::vector<Skipped>&);
  // Keeps the lines of epochs up to `epochs_done` of an earlier run, so that a resumed run has each epoch once.
  void start_metrics(int epochs_done);
  void add_metrics(const EpochRecord&);
  void write_metrics_json(const std::string& json);

 private:
  void write(const std::string& name, const std::string& text);
  std::string path_;
  std::ofstream metrics_;
  bool metrics_ok_ = true;
};

}  // namespace cutract
