#include "host/io/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "tests/io/model_disk.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::FailCase;
using test::ModelDisk;
using test::TempFolder;
using Save = void (*)(FileSystem&, const std::string&, std::string_view);

const std::string kOld = "OLD BYTES", kNew = "THE NEW CHECKPOINT";
constexpr const char* kPath = "run/ckpt";

// A disk with the folder `run` and, in it, `ckpt` of the old bytes, all flushed.
ModelDisk with_old_file() {
  ModelDisk disk;
  make_folder(disk, "run");
  save_atomically(disk, kPath, kOld);
  disk.count_from_here();
  return disk;
}

std::string content(ModelDisk disk) {
  disk.heal();
  std::string bytes;
  return disk.read(kPath, bytes) == 0 ? bytes : "(none)";
}

// Runs `save` with one failure. Returns the guarantee that it breaks, "" if none.
std::string broken_promise(Save save, int call, const FailCase& c) {
  ModelDisk disk = with_old_file();
  disk.fail_call(call, c.how, c.err, c.for_good);
  bool threw = false;
  try {
    save(disk, kPath, kNew);
  } catch (const Error& e) {
    threw = true;
    if (e.fault() != Fault::io) return "wrong fault";
  }
  for (const ModelDisk& found : disk.after_power_loss()) {
    const std::string now = content(found);
    if (now != kOld && now != kNew) return "power cut leaves a torn file";
    if (!threw && now != kNew) return "saved, then power cut: file is lost";
  }
  if (disk.dead()) return "";
  if (!threw && content(disk) != kNew) return "reports success without the new bytes";
  if (disk.tree().size() != 2) return "leaves a temporary file";
  if (disk.open_files() != 0) return "leaks a descriptor";
  return "";
}

// Every call in turn, failing in every way.
std::string first_broken_promise(Save save, int* cases = nullptr) {
  ModelDisk disk = with_old_file();
  save(disk, kPath, kNew);
  const int calls = disk.calls();
  for (int call = 0; call <= calls; ++call)  // there is no call 0, so nothing fails
    for (const FailCase& c : test::kFailCases) {
      if (cases) ++*cases;
      const std::string broken = broken_promise(save, call, c);
      if (!broken.empty())
        return broken + " (" + c.text + " at call " + std::to_string(call) + " of " + std::to_string(calls) + ")";
    }
  return "";
}

TEST(SaveAtomically, KeepsItsPromiseWhateverFails) {
  int cases = 0;
  EXPECT_EQ(first_broken_promise(save_atomically, &cases), "");
  RecordProperty("cases", cases);
  EXPECT_GE(cases, 56);
}

TEST(WriteOutput, KeepsTheSamePromise) {
  int cases = 0;
  EXPECT_EQ(first_broken_promise(write_output, &cases), "");
  EXPECT_GE(cases, 70);
}

// An interrupting signal is not a failure, except for fsync, which must not be tried again.
TEST(SaveAtomically, SignalsOnlyMatterToFsync) {
  int threw = 0;
  for (int call = 1; call <= 8; ++call) {
    ModelDisk disk = with_old_file();
    disk.fail_call(call, ModelDisk::Fail::interrupted, EINTR, false);
    try {
      save_atomically(disk, kPath, kNew);
    } catch (const Error&) { ++threw; }
  }
  EXPECT_EQ(threw, 2);
}

// The bugs that this test must find, made by leaving steps out of an otherwise correct save.
struct Plan {
  bool in_place = false, loop = true, sync_before = true, sync_after = false, sync_folder = true, clean = true;
};

int ok(int result) {
  if (result < 0) fail(Fault::io, "failed");
  return result;
}

template <Plan plan>
void faulty(FileSystem& fs, const std::string& path, std::string_view bytes) {
  const std::string tmp = plan.in_place ? path : path + ".tmp";
  int fd = -1, dir = -1;
  try {
    fd = ok(plan.in_place ? fs.open_in_place(tmp) : fs.create(tmp));
    do {
      const ssize_t n = fs.write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      bytes.remove_prefix(static_cast<std::size_t>(ok(static_cast<int>(n))));
      if (!plan.loop) break;
    } while (!bytes.empty());
    if (plan.sync_before) ok(fs.fsync(fd));
    if (!plan.in_place) ok(fs.rename(tmp, path));
    if (plan.sync_after) ok(fs.fsync(fd));
    ok(fs.close(std::exchange(fd, -1)));
    if (plan.sync_folder) {
      dir = ok(fs.open_dir(folder_of(path)));
      ok(fs.fsync(dir));
      fs.close(std::exchange(dir, -1));
    }
  } catch (const Error&) {
    if (plan.clean && fd >= 0) fs.close(fd);
    if (dir >= 0) fs.close(dir);
    if (plan.clean && !plan.in_place) fs.unlink(tmp);
    throw;
  }
}

TEST(SaveAtomically, PlantedBugsAreFound) {
  EXPECT_EQ(first_broken_promise(faulty<Plan{}>), "");  // the complete plan is correct
  const struct {
    Save save;
    const char* broken;
  } bugs[] = {
      {faulty<Plan{.in_place = true}>, "power cut leaves a torn file"},
      {faulty<Plan{.loop = false}>, "power cut leaves a torn file"},
      {faulty<Plan{.sync_before = false}>, "power cut leaves a torn file"},
      {faulty<Plan{.sync_before = false, .sync_after = true}>, "power cut leaves a torn file"},
      {faulty<Plan{.sync_folder = false}>, "saved, then power cut: file is lost"},
      {faulty<Plan{.clean = false}>, "leaves a temporary file"},
  };
  for (const auto& bug : bugs)
    EXPECT_TRUE(first_broken_promise(bug.save).starts_with(bug.broken)) << first_broken_promise(bug.save);
}

TEST(SaveAtomically, ReplacesRealFiles) {
  const TempFolder folder;
  const std::string path = folder / "file", bytes("a\0b\n", 4);
  save_atomically(real_file_system(), path, "older and longer");
  save_atomically(real_file_system(), path, bytes);
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  save_atomically(real_file_system(), path, "");
  EXPECT_EQ(read_file(path), "");
}

TEST(SaveAtomically, ModeFollowsUmask) {
  const TempFolder folder;
  for (const mode_t mask : {022, 077, 002}) {
    const mode_t before = umask(mask);
    save_atomically(real_file_system(), folder / "file", "x");
    umask(before);
    struct stat about {};
    ASSERT_EQ(stat((folder / "file").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0666 & ~mask);
  }
}

TEST(SaveAtomically, SaysWhichFileAndWhy) {
  const TempFolder folder;
  const std::string gone = folder / "no/such/file";
  EXPECT_FAULT(save_atomically(real_file_system(), gone, "x"), Fault::io,
               gone + ": cannot create: No such file or directory");
  EXPECT_FAULT(save_atomically(real_file_system(), "/dev/full/x", "x"), Fault::io, "Not a directory");
  EXPECT_FAULT(write_output(real_file_system(), "/dev/full", "x"), Fault::io,
               "/dev/full: cannot write: No space left on device; free some space or choose another folder");
  folder.write("taken", "mine");
  EXPECT_FAULT(write_flushed(real_file_system(), folder / "taken", "x"), Fault::io, "cannot create: File exists");
  EXPECT_EQ(read_file(folder / "taken"), "mine");
}

// The order of the calls on a real file system, as the kernel saw them.
TEST(SaveAtomically, CallsComeInOrder) {
  const TempFolder folder;
  const std::string path = folder / "file", trace = folder / "trace";
  const std::string command = "ASAN_OPTIONS=detect_leaks=0 strace -o " + trace +
                              " -e trace=openat,write,fsync,close,rename,renameat,renameat2 " + SAVE_ONCE + " " + path +
                              " content > /dev/null 2> " + trace + ".err";
  if (std::system(command.c_str()) != 0)
    GTEST_SKIP() << "strace is absent or may not trace here; the order of calls was not checked";
  EXPECT_EQ(read_file(path), "content");
  const std::string got = read_file(trace);
  std::vector<std::string> lines;
  std::istringstream all(got);
  for (std::string line; std::getline(all, line);) lines.push_back(line);
  const auto made = std::find_if(lines.begin(), lines.end(), [](auto& l) {
    return l.find("/.tmp-") != l.npos && l.find("O_EXCL|O_NOFOLLOW") != l.npos;
  });
  ASSERT_GE(lines.end() - made, 8) << got;
  const auto result = [](const std::string& line) { return line.substr(line.rfind("= ") + 2); };
  const std::string fd = result(made[0]), folder_fd = result(made[5]);
  const std::pair<std::string, std::string> want[] = {{"openat(", "O_CREAT"},
                                                      {"write(" + fd + ", \"content\", 7)", "= 7"},
                                                      {"fsync(" + fd + ")", "= 0"},
                                                      {"close(" + fd + ")", "= 0"},
                                                      {"rename", "/file\""},
                                                      {"openat(", "O_DIRECTORY"},
                                                      {"fsync(" + folder_fd + ")", "= 0"},
                                                      {"close(" + folder_fd + ")", "= 0"}};
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(made[i].starts_with(want[i].first)) << i << ": " << made[i];
    EXPECT_NE(made[i].find(want[i].second), std::string::npos) << i << ": " << made[i];
  }
}

bool is_link(const std::string& path) { return std::filesystem::is_symlink(path); }
std::vector<std::string> names_in(const TempFolder& folder) {
  std::vector<std::string> names;
  real_file_system().list(folder.path(), names);
  return names;
}

// Otherwise, another user who may write to the folder could choose one of our files to be overwritten.
TEST(SaveAtomically, ReplacesALinkAndFollowsNone) {
  const TempFolder folder;
  folder.write("precious", "years of work");
  for (const std::string& target : {folder / "precious", folder / "nothing", std::string("/dev/null")}) {
    std::filesystem::remove(folder / "file");
    std::filesystem::create_symlink(target, folder / "file");
    std::filesystem::remove(folder / "file.tmp");
    std::filesystem::create_symlink(target, folder / "file.tmp");
    save_atomically(real_file_system(), folder / "file", "new");
    EXPECT_FALSE(is_link(folder / "file"));
    EXPECT_EQ(read_file(folder / "file"), "new");
    EXPECT_TRUE(is_link(folder / "file.tmp"));
  }
  EXPECT_EQ(read_file(folder / "precious"), "years of work");
  EXPECT_EQ(names_in(folder).size(), 3u);
}

TEST(SaveAtomically, TakesTheLongestName) {
  const TempFolder folder;
  const std::string path = folder / std::string(255, 'x');
  save_atomically(real_file_system(), path, "a");
  write_output(real_file_system(), path, "b");
  EXPECT_EQ(read_file(path), "b");
}

// Each of eight processes writes the same files many times; a reader sees whole files only, and nothing fails.
TEST(SaveAtomically, ManyProcessesAtOnce) {
  const TempFolder folder;
  constexpr int kProcesses = 8, kRounds = 25;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int bad = 0;
      try {
        for (int i = 0; i < kRounds; ++i) {
          const std::string bytes(static_cast<std::size_t>(1000 + 4000 * p), static_cast<char>('a' + p));
          save_atomically(real_file_system(), folder / "ours", bytes);
          write_output(real_file_system(), folder / "output", bytes);
          for (const char* name : {"ours", "output"}) {
            const std::string got = read_file(folder / name);
            const std::size_t who = got.empty() ? 99 : static_cast<std::size_t>(got[0] - 'a');
            if (got != std::string(1000 + 4000 * who, got.empty() ? '?' : got[0])) bad = 1;
          }
        }
      } catch (const Error&) { bad = 2; }
      _exit(bad);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
  }
  EXPECT_EQ(names_in(folder), (std::vector<std::string>{"ours", "output"}));
}

TEST(RemoveStaleTemporaries, TakesOnlyOurOwn) {
  const TempFolder folder;
  folder.write("precious", "years of work");
  for (const char* name :
       {".tmp-", ".tmp-notes", ".tmp-0123456789abcdeX", ".tmp-0123456789abcdef0", "x.tmp", ".tmp-out-0123456789abcdef"})
    folder.write(name, "mine");
  std::filesystem::create_directory(folder / ".tmp-00000000000000aa");
  const auto kept = names_in(folder);
  folder.write(".tmp-0123456789abcdef", "stale");
  std::filesystem::create_symlink(folder / "precious", folder / ".tmp-0000000000000001");
  remove_stale_temporaries(real_file_system(), folder.path());
  EXPECT_EQ(names_in(folder), kept);
  EXPECT_EQ(read_file(folder / "precious"), "years of work");
}

// A real disk that is full: the old file stays whole, and no other file remains.
TEST(SaveAtomically, RealFullDisk) {
  const TempFolder folder;
  if (geteuid() != 0 || mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0)
    GTEST_SKIP() << "a tmpfs cannot be mounted here (needs root); the full disk was not tried";
  struct Unmount {
    const std::string& path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{folder.path()};
  const std::string path = folder / "file", old(600 * 1024, 'o');
  save_atomically(real_file_system(), path, old);
  EXPECT_FAULT(save_atomically(real_file_system(), path, std::string(700 * 1024, 'n')), Fault::io,
               "No space left on device");
  EXPECT_EQ(read_file(path), old);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReadFile, TellsWhatIsWrong) {
  const TempFolder folder;
  EXPECT_FAULT(read_file(folder / "none"), Fault::io, (folder / "none") + ": cannot read: No such file or directory");
  EXPECT_FAULT(read_file(folder.path()), Fault::io, "Is a directory");
  EXPECT_FALSE(read_file("/proc/self/status").empty());  // a file whose size is said to be 0
}

TEST(MakeFolder, MakesParentsAndAcceptsWhatIsThere) {
  const TempFolder folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c/");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/c"));
  folder.write("file", "x");
  EXPECT_FAULT(make_folder(folder / "file"), Fault::io, "cannot make the folder: File exists");
  EXPECT_FAULT(make_folder(folder / "file/sub"), Fault::io, "cannot make the folder: Not a directory");
}

TEST(MakeFolder, IsDurable) {
  ModelDisk disk;
  make_folder(disk, "a/b/c");
  for (const ModelDisk& found : disk.after_power_loss()) EXPECT_EQ(found.tree().size(), 3u);
}

TEST(FolderOf, Paths) {
  const std::pair<const char*, const char*> cases[] = {{"a", "."},    {"a/b", "a"},  {"/a", "/"},
                                                       {"/", "/"},    {"a/b/", "a"}, {"//a//b", "//a"},
                                                       {"a//b", "a"}, {"", "."},     {"./a/b", "./a"}};
  for (const auto& [path, folder] : cases) EXPECT_EQ(folder_of(path), folder) << path;
}

}  // namespace
}  // namespace cutract
