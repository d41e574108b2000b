#pragma once

#include <memory>
#include <string>

#include "host/io/folder_lock.h"

namespace cutract {

// The folder that an import makes. An earlier import's corpus at `out` stays until the new one is complete: the new one
// is made in a hidden folder beside it, and the two are exchanged in one step. Files at `out` that no import made are
// kept. Where `out` holds no corpus, it is filled in place, and is not a corpus before the end. If the process is
// killed at any point, `out` is the old corpus, the new one, or no corpus, if there was none; the next import removes
// what is left beside it.
class ImportTarget {
 public:
  // Throws Error{io}, before anything is changed, for a folder that holds anything but an import's corpus.
  explicit ImportTarget(std::string out);
  ~ImportTarget();  // removes what is unfinished beside `out`
  ImportTarget(const ImportTarget&) = delete;
  ImportTarget& operator=(const ImportTarget&) = delete;

  // Makes the folder to write to, which has the folders audio and articulation. Called for the first utterance.
  const std::string& begin();
  // Called when corpus.toml and manifest.tsv are written.
  void finish();

 private:
  void take_place();

  std::string out_;
  std::string folder_;  // where the corpus is made; "" before begin()
  bool replaces_;       // an earlier corpus
  std::unique_ptr<FolderLock> lock_;
};

}  // namespace cutract
