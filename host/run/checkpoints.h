#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/io/atomic_file.h"

namespace cutract {

// A checkpoint as it is ranked among the others.
struct Ranked {
  std::string name;
  int epoch = 0;
  double val_loss = 0;
};

// The checkpoints of one run: RUN/checkpoints/{epoch=0007-val_loss=0.9124/, last, best}. A checkpoint is a folder of
// files and a MANIFEST (format version, epoch, val_loss in full precision, then size, SHA-256 and name of each file,
// and its own SHA-256). It is written under a name that begins with .tmp- and renamed when all of it is on the disk, so
// that a folder with a checkpoint's name is a whole checkpoint. `last` and `best` are one-line files that name a
// folder. For programs that need a path, RUN/last and RUN/best are relative symbolic links to those folders where the
// file system has links; anything else at those paths is left alone. Links made by others are not replaced, and are not
// followed to write or remove anything.
class Checkpoints {
 public:
  using Files = std::map<std::string, std::string>;  // name -> bytes

  // Makes the folder and removes what a dead process left half written, so only the run that holds the folder may
  // construct this.
  Checkpoints(FileSystem&, std::string folder, int keep_best);

  // Writes the checkpoint, then `last`, then `best` if it is the best, then deletes every checkpoint that is not last,
  // best or among the keep_best lowest val_loss. Returns the folder's path. On Error{io} all earlier checkpoints are
  // unchanged; `last` and `best` each name the old checkpoint or the new one. An equal val_loss does not replace an
  // earlier best; one that is not finite ranks last. If a different checkpoint already has the name, "-v2" is added;
  // saving the same one again does not write it twice.
  std::string save(int epoch, double val_loss, const Files&);

  // The same within an epoch, where nothing has been validated: the folder step=0000042 becomes `last`, is never
  // `best`, and is deleted once something newer is saved.
  std::string save_within(int epochs_done, std::int64_t step, const Files&);

  // Deletes every checkpoint that is not last, best or among the keep_best lowest val_loss. A process that was killed
  // while it saved may have left one; the next save deletes it, but a finished run has none.
  void delete_surplus(int keep_best);

  // Returns the folder's path, or nothing before the first save. Throws Error{data} if the pointer does not name a
  // folder.
  std::optional<std::string> last() const;
  bool any() const;  // whether there is one, intact or not
  std::optional<std::string> best() const;

  struct Loaded {
    std::string folder;
    int epoch = 0;
    double val_loss = 0;  // NaN inside an epoch
    Files files;
  };
  // Returns the checkpoint to resume from: `last`, or if that is damaged the intact checkpoint of the latest epoch,
  // with a warning that says which was skipped and why. Returns nothing if no checkpoint was ever saved; throws
  // Error{data} if all of them are damaged.
  std::optional<Loaded> newest_intact() const;

 private:
  std::vector<Ranked> entries() const;
  std::string point_at_best(const std::vector<Ranked>&);  // returns its name
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  std::optional<std::string> pointer(const char* name) const;
  bool set_link(const std::string& which, const std::string& name);
  std::string last_or_newest();
  void update_links(const std::string& last, const std::string& best);
  std::string publish(const std::string& name, int epoch, double val_loss, const Files&);
  void remove_checkpoint(const std::string& name);
  void remove_tree(const std::string& path);

  FileSystem& fs_;
  std::string folder_;
  int keep_best_;
  bool links_ok_ = true;
};

// Returns the checkpoints to delete: all but `last`, `best` and the keep_best lowest val_loss (among equal ones, the
// earliest epochs).
std::vector<std::string> surplus(std::span<const Ranked>, const std::string& last, const std::string& best,
                                 int keep_best);

// Reads the files of a checkpoint folder and checks each against MANIFEST. Throws Error{io} if the folder or MANIFEST
// is missing or of an unknown format version, and Error{data} naming the file that is missing, truncated or altered.
Checkpoints::Files read_checkpoint(const std::string& folder);
Checkpoints::Files read_checkpoint(FileSystem&, const std::string& folder);

// Checkpoints::newest_intact for a checkpoints folder that this process does not write to.
std::optional<Checkpoints::Loaded> newest_checkpoint(FileSystem&, const std::string& folder);
// Returns an intact checkpoint of that epoch with exactly that val_loss, if the checkpoints folder still has one.
std::optional<Checkpoints::Loaded> checkpoint_of_epoch(FileSystem&, const std::string& folder, int epoch,
                                                       double val_loss);

}  // namespace cutract
