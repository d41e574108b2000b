#pragma once

#include <cerrno>
#include <map>
#include <string>
#include <vector>

#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract::test {

// A disk that remembers what was written and what was flushed. The content of a file is safe after fsync of the file,
// the names in a folder after fsync of the folder. Before that, after a power cut, a file may hold its old content, its
// new content or half of it, and each change of a name may or may not have been made, in any order. A rename is never
// half done.
class ModelDisk final : public FileSystem {
 public:
  enum class Fail { none, error, short_write, interrupted, power_cut };

  ModelDisk() { nodes_.push_back({true, "", "", {}, {}, {}}); }

  // The nth call from now on fails; with `for_good`, so do all later ones except removals, which work on a full disk.
  void fail_call(int nth, Fail how, int err = EIO, bool for_good = false) {
    calls_ = 0;
    nth_ = nth;
    how_ = how;
    err_ = err;
    for_good_ = for_good;
    shortened_ = false;
  }
  void heal() {
    how_ = Fail::none;
    dead_ = false;
  }
  int calls() const { return calls_; }
  void count_from_here() { calls_ = 0; }
  int open_files() const { return open_; }
  bool dead() const { return dead_; }

  // The states in which the disk may be found after a power cut: all if they are few, otherwise both extremes and a
  // sample.
  std::vector<ModelDisk> after_power_loss() const;

  std::vector<std::string> tree() const;  // all paths, sorted

  int create(const std::string& path) override;
  int open_in_place(const std::string& path) override;
  int open_dir(const std::string& path) override;
  ssize_t write(int fd, const void* data, std::size_t n) override;
  int fsync(int fd) override;
  int close(int fd) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& path) override;
  int make_dir(const std::string& path) override;
  int remove_dir(const std::string& path) override;
  int list(const std::string& path, std::vector<std::string>& names) override;
  int read(const std::string& path, std::string& bytes) override;
  int look(const std::string& path, FileFacts&) override;
  int look_through(const std::string& path, FileFacts&) override;
  int read_link(const std::string& path, std::string& target) override;
  int make_link(const std::string& target, const std::string& path) override;
  int set_access(int fd, const FileFacts& like) override;

 private:
  using Names = std::map<std::string, int>;  // name -> node
  struct Change {                            // of one folder's names: `gone` is removed, `name` is set to `node`
    std::string gone, name;
    int node = 0;
  };
  struct Node {
    bool folder;
    std::string cached, flushed;  // content of a file
    Names names, safe_names;      // of a folder
    std::vector<Change> pending;  // the changes that lead from safe_names to names
    std::string target = {};      // of a link, otherwise empty
    mode_t mode = 0666;
  };
  struct Place {
    int folder = -1;  // node; -1: no such folder
    std::string name;
  };

  int fail_with(int err) {
    errno = err;
    return -1;
  }
  enum class Call { plain, write, removal };
  bool step(Call = Call::plain);  // true: this call fails, errno is set
  int find(const std::string& path) const;
  int find_through(std::string path) const;  // follows links at the end of the path
  FileFacts facts_of(int node) const;
  Place place_of(const std::string& path) const;
  void change(int folder, Change);
  ModelDisk image(std::size_t choice, const std::vector<int>& options) const;

  std::vector<Node> nodes_;  // node 0 is the root
  int calls_ = 0, nth_ = 0, err_ = EIO, open_ = 0;
  bool for_good_ = false, dead_ = false, shortened_ = false;
  Fail how_ = Fail::none;
};

// One way in which a call may fail, and the list of all ways that tests try for every call.
struct FailCase {
  ModelDisk::Fail how;
  int err;
  bool for_good;
  const char* text;
};
inline constexpr FailCase kFailCases[] = {
    {ModelDisk::Fail::error, EIO, false, "EIO once"},        {ModelDisk::Fail::error, EIO, true, "EIO for good"},
    {ModelDisk::Fail::error, ENOSPC, false, "ENOSPC once"},  {ModelDisk::Fail::error, ENOSPC, true, "ENOSPC for good"},
    {ModelDisk::Fail::short_write, 0, false, "short write"}, {ModelDisk::Fail::interrupted, EINTR, false, "EINTR"},
    {ModelDisk::Fail::power_cut, EIO, true, "power cut"},
};

}  // namespace cutract::test
