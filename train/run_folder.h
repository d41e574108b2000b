#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/html_report.h"
#include "features/dataset.h"
#include "host/core/append_file.h"
#include "host/io/folder_lock.h"
#include "host/io/held_folder.h"
#include "host/run/events.h"
#include "train/config.h"
#include "train/history.h"

namespace cutract {

// Error{usage} if the folder holds files but none of a run: training there could overwrite the user's own.
void check_run_folder(const std::string& path);

// env.json, which is in each checkpoint too: machine, versions, seed and hashes, all that a result depends on. It has
// no times, so that saving the same checkpoint again gives the same bytes.
std::string environment(const RunConfig&, const std::string& corpus_hash, const Exec&, const LstmChoice&);

// The files of a run besides checkpoints. Failing to write one of them must not stop training: the first failure of
// each is warned about once, and the file is then left alone.
class RunFolder {
 public:
  // Makes it, locks it, and removes files that a dead process left half written. Error{io} if it cannot be written,
  // another process writes there, or a link stands where a run has a file or folder of its own; as check_run_folder.
  explicit RunFolder(std::string path);
  ~RunFolder();  // removes a folder that it made and nothing was saved in
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }
  FileSystem& files() { return files_; }  // this folder, even if a different one takes its place

  // Error{io} if the folder was removed or replaced meanwhile. Before each save, so that a new run there is left alone.
  void expect_ours() const;

  void write_config(const RunConfig&);
  void write_environment(const std::string& env);
  void write_skipped(const std::vector<Skipped>&);
  bool has(const std::string& name) const;
  // Takes over the metrics of another run up to that epoch, and its TensorBoard events.
  void adopt_history(const std::string& other_run, int epochs_done);
  // Keeps the lines of epochs up to `epochs_done` of an earlier run, so that a resumed run has each epoch once;
  // `events_too`: also in TensorBoard, at once.
  void start_metrics(int epochs_done, std::span<const Channel>, bool events_too = false);
  void add_metrics(const EpochRecord&);  // to metrics.csv and TensorBoard's events
  const std::vector<EpochPoint>& history() const { return history_; }
  void write_metrics_json(const std::string& json);
  void write_report(const Report&);

 private:
  bool write(const std::string& name, const std::string& text);  // false: it warned
  std::string path_;
  bool made_;
  FolderLock lock_;
  HeldFolder files_;
  std::optional<AppendFile> metrics_;
  bool metrics_ok_ = true, report_ok_ = true;
  std::vector<EpochPoint> history_;
  std::optional<EventFile> events_;
};

}  // namespace cutract
