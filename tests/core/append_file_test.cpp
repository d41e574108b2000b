#include "host/core/append_file.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
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

// A disk that fills up, simulated by a limit on the size of files.
TEST(LogFile, OneWarningWhereItCannotBeWritten) {
  const test::TempFolder folder;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);  // the limit would apply to a file too
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (dup2(ends[1], STDERR_FILENO) < 0) _exit(1);
    std::signal(SIGXFSZ, SIG_IGN);
    log::set_file(folder / "train.log");
    log::record("fits");
    const rlimit limit{60, 60};
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 5; ++i) log::record("a line that no longer fits into the file");
    std::fflush(stderr);
    _exit(0);
  }
  close(ends[1]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(read_file(folder / "train.log").find("fits"), std::string::npos);
  std::array<char, 1000> said{};
  const ssize_t n = read(ends[0], said.data(), said.size());
  close(ends[0]);
  EXPECT_EQ(std::string(said.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))),
            "warning: " + (folder / "train.log") + ": cannot write: File too large; continuing without it\n");
}

}  // namespace
}  // namespace cutract
