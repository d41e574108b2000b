#include "host/io/folder_lock.h"

#include <unistd.h>

#include <memory>

#include "host/io/atomic_file.h"
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

// What a process that died has left behind does not stop the next one.
TEST(FolderLock, IsNotHeldByTheDead) {
  test::TempFolder folder;
  folder.write(".lock", "process 1 on some other machine, with a name that is longer than the one that comes next");
  const FolderLock lock(folder.path());
  EXPECT_TRUE(read_file(folder / ".lock").starts_with("process " + std::to_string(getpid()) + " on "));
  EXPECT_EQ(read_file(folder / ".lock").find("some other"), std::string::npos);
}

TEST(FolderLock, DoesWithoutWhereItCannotBeWritten) { const FolderLock lock("/proc"); }

}  // namespace
}  // namespace cutract
