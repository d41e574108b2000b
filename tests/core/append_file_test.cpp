#include "host/core/append_file.h"

#include <sys/stat.h>

#include <filesystem>

#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

TEST(AppendFile, GrowsAtItsEnd) {
  const test::TempFolder folder;
  { EXPECT_TRUE(AppendFile(folder / "f").append("a\n")); }
  AppendFile again(folder / "f");
  EXPECT_TRUE(again.append("b\n"));
  EXPECT_TRUE(again.append(""));
  EXPECT_EQ(read_file(folder / "f"), "a\nb\n");
}

TEST(AppendFile, RefusesLinksAndWhatIsNoFile) {
  const test::TempFolder folder;
  folder.write("precious", "years of work");
  std::filesystem::create_symlink("precious", folder / "link");
  EXPECT_FAULT(AppendFile(folder / "link"), Fault::io, (folder / "link") + ": is a symbolic link");
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_FAULT(AppendFile(folder / "pipe"), Fault::io, (folder / "pipe") + ": is not a regular file; remove it");
  EXPECT_FAULT(AppendFile("/dev/full"), Fault::io, "/dev/full: is not a regular file");
  EXPECT_FAULT(AppendFile(folder.path()), Fault::io, "Is a directory");
  EXPECT_FAULT(AppendFile(folder / "no/file"), Fault::io, "cannot open: No such file or directory");
  EXPECT_EQ(read_file(folder / "precious"), "years of work");
}

TEST(LogFile, OneWarningWhereItCannotBeOpened) {
  const test::TempFolder folder;
  testing::internal::CaptureStderr();
  log::set_file(folder / "no/train.log");
  log::record("for the file alone");
  log::set_file("");
  EXPECT_EQ(
      testing::internal::GetCapturedStderr(),
      "warning: " + (folder / "no/train.log") + ": cannot open: No such file or directory; continuing without it\n");
}

}  // namespace
}  // namespace cutract
