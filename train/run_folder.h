#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/report/history.h"
#include "eval/report/html_report.h"
#include "features/dataset/dataset.h"
#include "host/core/append_file.h"
#include "host/io/folder_lock.h"
#include "host/io/held_folder.h"
#include "host/run/events.h"
#include "model/run_config.h"

namespace cutract {

// Throws Error{usage} if the folder holds files but is not a run folder: training there could overwrite the user's own.
void check_run_folder(const std::string& path);

// Returns the content of env.json, which is in each checkpoint too: machine, versions, seed and hashes, on which a
// result depends. It contains no times, so that saving the same checkpoint again gives the same bytes.
std::string environment(const RunConfig&, const std::string& corpus_hash, const Exec&, std::span<const EngineOfSize>,
                        const std::string& init_from = "");

// The files of a run besides checkpoints. Failing to write one of them must not stop training: each file is warned
// about at its first failure and then no longer written.
class RunFolder {
 public:
  // Makes the folder, locks it, and removes files that a dead process left half written. Throws as check_run_folder,
  // and Error{io} if the folder cannot be written, another process writes there, or a symbolic link is in place of a
  // file or folder of the run.
  explicit RunFolder(std::string path);
  ~RunFolder();  // removes the folder if the constructor made it and nothing was saved in it
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string checkpoints() const { return path_ + "/checkpoints"; }
  FileSystem& files() { return files_; }  // this folder, even if a different one takes its place

  // Throws Error{io} if the folder was removed or replaced. Called before each save, so that a new run in its place is
  // left alone.
  void expect_ours() const;

  void write_config(const RunConfig&);
  void write_environment(const std::string& env);
  void write_skipped(const std::vector<Skipped>&);
  bool has(const std::string& name) const;
  // Whether env.json says that the run read a corpus with this hash.
  bool is_of_corpus(const std::string& hash) const;
  // Copies the metrics of another run up to epoch `epochs_done`, and its TensorBoard events.
  void adopt_history(const std::string& other_run, int epochs_done);
  // Starts metrics.csv and the events. Keeps the lines of epochs up to `epochs_done`, so that a resumed run has each
  // epoch once; `events_too` makes TensorBoard drop later epochs at once, too.
  void start_metrics(int epochs_done, std::span<const Channel>, bool events_too = false);
  void add_metrics(const EpochRecord&);  // appends to metrics.csv and to TensorBoard's events
  const std::vector<EpochPoint>& history() const { return history_; }
  void write_metrics_json(const std::string& json);
  void write_report(const Report&);

 private:
  bool write(const std::string& name, const std::string& text);  // returns false after a warning
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
