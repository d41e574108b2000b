#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/io/atomic_file.h"

namespace cutract {

// The checkpoints of one run: RUN/checkpoints/{epoch=0007-val_loss=0.9124/, last, best}. A checkpoint is a folder of files
// and a MANIFEST (format version, then size, SHA-256 and name of each file), written last, so that a folder without a
// matching MANIFEST is not a checkpoint. `last` and `best` are one-line files that name a folder.
class Checkpoints {
 public:
  using Files = std::map<std::string, std::string>;  // name -> bytes

  Checkpoints(FileSystem&, std::string folder, int keep_best);

  // Writes the checkpoint, then `last`, then `best` if it is, then deletes what is neither last, best nor among the keep_best
  // lowest val_loss. Returns the folder's path. On Error{io} all earlier checkpoints are as they were.
  std::string save(int epoch, double val_loss, const Files&);

  std::optional<std::string> last() const;  // folder path
  std::optional<std::string> best() const;

 private:
  FileSystem& fs_;
  std::string folder_;
  int keep_best_;
};

// The files of a checkpoint folder, each checked against MANIFEST. Error{io} if the folder or MANIFEST is missing or of an
// unknown format version; Error{data} naming the file that is missing, truncated or altered.
Checkpoints::Files read_checkpoint(const std::string& folder);

// The checkpoint folder meant by a run folder (its best), a checkpoint folder, or a .safetensors file inside one.
std::string find_checkpoint(const std::string& model);

}  // namespace cutract
