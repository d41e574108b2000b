// The behaviour of write_output for every kind of file that may be at the path that a user named.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::TempFolder;

bool is_link(const std::string& path) { return std::filesystem::is_symlink(path); }
std::vector<std::string> names_in(const TempFolder& folder) {
  std::vector<std::string> names;
  real_file_system().list(folder.path(), names);
  return names;
}

TEST(WriteOutput, KeepsLinksAndReplacesTheirTargets) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "sub");
  folder.write("sub/target", "old");
  std::filesystem::create_hard_link(folder / "sub/target", folder / "sub/before");  // the old bytes stay here
  std::filesystem::create_symlink("sub/middle", folder / "latest");
  std::filesystem::create_symlink("target", folder / "sub/middle");
  write_output(real_file_system(), folder / "latest", "new");
  EXPECT_TRUE(is_link(folder / "latest"));
  EXPECT_TRUE(is_link(folder / "sub/middle"));
  EXPECT_EQ(read_file(folder / "sub/target"), "new");
  EXPECT_EQ(read_file(folder / "sub/before"), "old") << "the target is replaced by a rename";
  std::filesystem::create_symlink("sub/later", folder / "dangling");
  write_output(real_file_system(), folder / "dangling", "made");
  EXPECT_TRUE(is_link(folder / "dangling"));
  EXPECT_EQ(read_file(folder / "sub/later"), "made");
  write_output(real_file_system(), folder / "plain", "file");
  EXPECT_EQ(read_file(folder / "plain"), "file");
}

TEST(WriteOutput, RefusesLoopsFoldersAndReadOnlyFiles) {
  const TempFolder folder;
  std::filesystem::create_symlink("b", folder / "a");
  std::filesystem::create_symlink("a", folder / "b");
  EXPECT_FAULT(write_output(real_file_system(), folder / "a", "x"), Fault::io,
               (folder / "a") + ": cannot open: Too many levels of symbolic links");
  EXPECT_FAULT(write_output(real_file_system(), folder.path(), "x"), Fault::io, "is a folder; name a file");
  std::filesystem::create_symlink(".", folder / "here");
  EXPECT_FAULT(write_output(real_file_system(), folder / "here", "x"), Fault::io, "is a folder; name a file");
  std::filesystem::create_symlink("no/such/file", folder / "far");
  EXPECT_FAULT(write_output(real_file_system(), folder / "far", "x"), Fault::io,
               (folder / "far") + " (a link to " + (folder / "no/such/file") + "): cannot create");
  EXPECT_EQ(names_in(folder), (std::vector<std::string>{"a", "b", "far", "here"}));
  if (geteuid() == 0) return;  // may write everything
  folder.write("protected", "old");
  ASSERT_EQ(chmod((folder / "protected").c_str(), 0444), 0);
  EXPECT_FAULT(write_output(real_file_system(), folder / "protected", "x"), Fault::io, "Permission denied");
}

TEST(WriteOutput, KeepsTheModeOfAFile) {
  const TempFolder folder;
  const std::string path = folder.write("file", "old");
  std::filesystem::create_symlink("file", folder / "link");
  for (const mode_t mode : {0600, 0664, 0640, 0755}) {
    ASSERT_EQ(chmod(path.c_str(), mode), 0);
    for (const char* name : {"file", "link"}) {
      write_output(real_file_system(), folder / name, "x");
      struct stat about {};
      ASSERT_EQ(stat(path.c_str(), &about), 0);
      EXPECT_EQ(about.st_mode & 07777, mode);
    }
  }
  const mode_t before = umask(027);
  write_output(real_file_system(), folder / "fresh", "x");
  umask(before);
  struct stat about {};
  ASSERT_EQ(stat((folder / "fresh").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0640u) << "a new file follows the umask";
}

// The bytes that a reader gets when a child writes through a path that is not a regular file.
std::string received(int from, const std::string& path, std::size_t size) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      write_output(real_file_system(), path, std::string(size, 'x'));
    } catch (const Error&) { _exit(1); }
    _exit(0);
  }
  std::string got;
  std::vector<char> part(1 << 16);
  while (got.size() < size) {
    const ssize_t n = read(from, part.data(), part.size());
    if (n <= 0) break;
    got.append(part.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? got : "(failed)";
}

TEST(WriteOutput, WritesToPipesSocketsAndDevices) {
  const TempFolder folder;
  constexpr std::size_t kSize = 300000;  // more than a pipe holds
  const std::string path = folder / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::filesystem::create_symlink("pipe", folder / "link");
  const int reader = open(path.c_str(), O_RDWR | O_CLOEXEC);  // so that opening it does not wait
  EXPECT_EQ(received(reader, path, kSize), std::string(kSize, 'x'));
  EXPECT_EQ(received(reader, folder / "link", kSize), std::string(kSize, 'x'));
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  close(reader);

  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(received(ends[0], "/dev/fd/" + std::to_string(ends[1]), kSize), std::string(kSize, 'x'));
  close(ends[0]);
  close(ends[1]);

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder / "socket").copy(address.sun_path, sizeof address.sun_path - 1);
  const int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(listening, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(listening, 1), 0);
  write_output(real_file_system(), folder / "socket", "over a socket");
  const int peer = accept(listening, nullptr, nullptr);
  char text[64];
  EXPECT_EQ(std::string(text, static_cast<std::size_t>(read(peer, text, sizeof text))), "over a socket");
  close(peer);
  close(listening);
  EXPECT_FAULT(write_output(real_file_system(), folder / "socket", "x"), Fault::io, "Connection refused");
  EXPECT_TRUE(std::filesystem::is_socket(folder / "socket"));

  write_output(real_file_system(), "/dev/null", "x");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// A file that is already open as a descriptor belongs to the process that opened it: writing continues at its position.
TEST(WriteOutput, GoesOnWhereAnOpenDescriptorIs) {
  const TempFolder folder;
  const int fd = open((folder / "out").c_str(), O_WRONLY | O_CREAT, 0600);
  ASSERT_EQ(write(fd, "before ", 7), 7);
  const std::string name = "/dev/fd/" + std::to_string(fd);
  write_output(real_file_system(), name, "middle ");
  std::filesystem::create_symlink(name, folder / "link");
  write_output(real_file_system(), folder / "link", "end");
  close(fd);
  EXPECT_EQ(read_file(folder / "out"), "before middle end");
}

}  // namespace
}  // namespace cutract
