#include "host/io/folder_lock.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "host/io/atomic_file.h"
#include "host/io/held_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(FolderLock, LetsOneWriterIn) {
  test::TempFolder folder;
  auto first = std::make_unique<FolderLock>(folder.path());
  EXPECT_FAULT(FolderLock(folder.path()), Fault::io, folder.path() + ": process " + std::to_string(getpid()) + " on ");
  EXPECT_FAULT(FolderLock(folder.path()), Fault::io, "is writing here; wait until it has ended, or choose another");
  first.reset();
  const FolderLock next(folder.path());
}

// The lock file of a process that died does not stop the next one.
TEST(FolderLock, IsNotHeldByTheDead) {
  test::TempFolder folder;
  folder.write(".lock", "process 1 on some other machine, with a name that is longer than the one that comes next");
  const FolderLock lock(folder.path());
  EXPECT_TRUE(read_file(folder / ".lock").starts_with("process " + std::to_string(getpid()) + " on "));
  EXPECT_EQ(read_file(folder / ".lock").find("some other"), std::string::npos);
}

TEST(FolderLock, DoesWithoutWhereItCannotBeWritten) {
  testing::internal::CaptureStderr();
  const FolderLock lock("/proc");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(said.starts_with("warning: /proc/.lock: cannot open: ")) << said;
  EXPECT_NE(said.find("make sure that only one training writes to this folder"), std::string::npos) << said;
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  EXPECT_TRUE(lock.holds()) << "there is nothing to lose";
}

// Other users may be able to write to the parent folder: a link there must not make us overwrite another file.
TEST(FolderLock, RefusesLinksAndWhatIsNoFile) {
  test::TempFolder folder;
  folder.write("precious", "years of work");
  for (const char* target : {"precious", "nothing", "/dev/null", "."}) {
    std::filesystem::remove(folder / ".lock");
    std::filesystem::create_symlink(target, folder / ".lock");
    EXPECT_FAULT(FolderLock(folder.path()), Fault::io,
                 (folder / ".lock") + ": is a symbolic link, and links in a run ");
  }
  EXPECT_EQ(read_file(folder / "precious"), "years of work");
  EXPECT_FALSE(std::filesystem::exists(folder / "nothing"));
  std::filesystem::remove(folder / ".lock");
  ASSERT_EQ(mkfifo((folder / ".lock").c_str(), 0600), 0);
  EXPECT_FAULT(FolderLock(folder.path()), Fault::io, (folder / ".lock") + ": is not a regular file; remove it");
}

TEST(FolderLock, NoticesThatItsFolderWasReplaced) {
  test::TempFolder folder;
  const std::string run = folder / "run";
  make_folder(run);
  const FolderLock lock(run);
  EXPECT_TRUE(lock.holds());
  std::filesystem::rename(run, folder / "moved");
  EXPECT_FALSE(lock.holds()) << "it is gone";
  make_folder(run);
  EXPECT_FALSE(lock.holds()) << "another one is there";
  const FolderLock next(run);
  EXPECT_FALSE(lock.holds()) << "another run is there";
  EXPECT_TRUE(next.holds());
  std::filesystem::remove(run + "/.lock");
  EXPECT_FALSE(next.holds()) << "another run could start";
}

// A job that was suspended in the middle of a save continues after its folder was removed and made again.
TEST(HeldFolder, LeavesTheFolderAloneThatTookItsPlace) {
  test::TempFolder folder;
  for (const std::string& run : {folder / "run", folder / "slash/"}) {
    make_folder(run);
    HeldFolder held(run);
    save_atomically(held, run + "/a", "first");
    EXPECT_EQ(read_file(run + "/a"), "first");
    EXPECT_EQ(read_file(held, run + "/a"), "first");
    std::filesystem::remove_all(run);
    make_folder(run);
    EXPECT_FAULT(save_atomically(held, run + "/a", "second"), Fault::io, run + "/a: cannot create: No such file");
    EXPECT_FAULT(make_folder(held, run + "/b"), Fault::io, run + "/b: cannot make the folder");
    EXPECT_TRUE(std::filesystem::is_empty(run));
  }
  save_atomically(real_file_system(), folder / "run2", "beside it");
  HeldFolder held(folder / "run");
  EXPECT_EQ(read_file(held, folder / "run2"), "beside it") << "a name that only begins like the folder's";
}

}  // namespace
}  // namespace cutract
