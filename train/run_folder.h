#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "eval/html_report.h"
#include "features/dataset.h"
#include "host/io/folder_lock.h"
#include "host/run/events.h"
#include "train/config.h"
#include "train/history.h"

namespace cutract {

// The files of a run besides checkpoints. Losing one of them must not stop training: after the first failure each
// warns once and is left alone.
class RunFolder {
 public:
  explicit RunFolder(std::string path);  // makes it, and locks it: Error{io} if another process writes there
  const std::string& path() const { return path_; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }

  void write_config(const RunConfig&);
  // Machine, versions, seed, hashes: what a result depends on.
  void write_environment(const RunConfig&, const std::string& corpus_hash, const Exec&, const LstmChoice&);
  void write_skipped(const std::vector<Skipped>&);
  // Keeps the lines of epochs up to `epochs_done` of an earlier run, so that a resumed run has each epoch once.
  void start_metrics(int epochs_done, std::span<const Channel>);
  void add_metrics(const EpochRecord&);  // to metrics.csv and TensorBoard's events
  const std::vector<EpochPoint>& history() const { return history_; }
  void write_metrics_json(const std::string& json);
  void write_report(const Report&);

 private:
  bool write(const std::string& name, const std::string& text);  // false: it warned
  std::string path_;
  FolderLock lock_;
  std::ofstream metrics_;
  bool metrics_ok_ = true, report_ok_ = true;
  std::vector<EpochPoint> history_;
  std::optional<EventFile> events_;
};

}  // namespace cutract
