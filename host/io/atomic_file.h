#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// Describes a name in a folder, or what is found by following it.
struct FileFacts {
  enum class Kind { file, folder, link, other };  // other: a device, a pipe or a socket
  Kind kind = Kind::file;
  mode_t mode = 0666;
  uid_t owner = 0;
  gid_t group = 0;
  bool writable = true;     // by this process
  bool descriptor = false;  // an open descriptor of this process, named by /dev/stdout, /dev/fd/3 and the like
};

// The few system calls that saving needs. Each returns what the call returns (-1: failed) and sets errno, so that tests
// can put a simulated disk here and fail every call in turn. `read`, `list` and `look_through` stand for a few calls
// each.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual int create(const std::string& path) = 0;  // a new file, mode 0666 & ~umask; EEXIST if the name is taken
  virtual int open_in_place(const std::string& path) = 0;  // opens an existing file for overwriting
  virtual int open_dir(const std::string& path) = 0;
  virtual ssize_t write(int fd, const void* data, std::size_t n) = 0;
  virtual int fsync(int fd) = 0;
  virtual int close(int fd) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int unlink(const std::string& path) = 0;
  virtual int make_dir(const std::string& path) = 0;                               // mode 0777 & ~umask
  virtual int remove_dir(const std::string& path) = 0;                             // which must be empty
  virtual int list(const std::string& path, std::vector<std::string>& names) = 0;  // sorted, without . and ..
  virtual int read(const std::string& path, std::string& bytes) = 0;               // the whole file
  virtual int look(const std::string& path, FileFacts&) = 0;                       // a link is described, not followed
  virtual int look_through(const std::string& path, FileFacts&) = 0;               // links are followed
  virtual int read_link(const std::string& path, std::string& target) = 0;
  virtual int make_link(const std::string& target, const std::string& path) = 0;  // EEXIST if the name is taken
  virtual int set_access(int fd, const FileFacts& like) = 0;  // mode, and owner and group where that is allowed
};
FileSystem& real_file_system();

// There are two ways to write a file. save_atomically is for files that the program makes for itself, in a run folder,
// a checkpoint or an imported corpus: a symbolic link at the path is replaced, never followed. write_output is for a
// file that the user named: it writes through whatever is there.

// Replaces the file at `path` with `bytes`, by writing a new file in the same folder, named .tmp- and 16 random digits,
// and renaming it. If the machine stops, `path` holds either all the old bytes or all the new ones; once this returns
// it holds the new ones, even after a power cut. Several processes may do this at once: one of them wins. Throws
// Error{io} on failure; then `path` still holds the old bytes, except that it may hold either if only the last flush,
// that of its folder, failed.
void save_atomically(FileSystem&, const std::string& path, std::string_view bytes);

// Writes `bytes` directly to a device, pipe, socket or open descriptor (/dev/stdout, bash's >(command)). A regular file
// is replaced as by save_atomically but keeps its mode. A symbolic link is kept: the file that it leads to is replaced,
// or created if it does not exist. The new file in the same folder is named .tmp-out- and 16 random digits. Throws
// Error{io}, also for a folder, a loop of links, and a file that this process may not write.
void write_output(FileSystem&, const std::string& path, std::string_view bytes);

// Returns a name for a new file or link that is to be renamed to `path`, as save_atomically uses.
std::string temporary_beside(const std::string& path);

// Removes, as far as possible, what save_atomically leaves in a folder when it is killed. Only the process that holds
// the folder's lock may call this.
void remove_stale_temporaries(FileSystem&, const std::string& folder);

// Writes and flushes a new file, in a folder that nobody reads before it is renamed. Throws Error{io}, also if the name
// is taken.
void write_flushed(FileSystem&, const std::string& path, std::string_view bytes);

// Makes the names in a folder durable. Throws Error{io}.
void flush_folder(FileSystem&, const std::string& folder);

// Returns the whole file. Throws Error{io}, naming the path and the reason.
std::string read_file(const std::string& path);
std::string read_file(FileSystem&, const std::string& path);

// Makes a folder and its parents. Throws Error{io}.
void make_folder(const std::string& path);
void make_folder(FileSystem&, const std::string& path);

// Returns "dir" for "dir/name", and "." for a name without a folder.
std::string folder_of(const std::string& path);

}  // namespace cutract
