#include "tests/cli/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/core/error.h"
#include "host/io/atomic_file.h"
#include "tests/support/support.h"

namespace cutract::test {

std::string Finished::last_line() const {
  std::string text = err;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto at = text.rfind('\n');
  return at == std::string::npos ? text : text.substr(at + 1);
}

pid_t start_cutract(const std::vector<std::string>& args, const std::string& dir, const std::string& out,
                    const std::string& err) {
  const pid_t child = fork();
  if (child < 0) fail(Fault::internal, "fork failed");
  if (child > 0) return child;
  const int o = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
            e = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (o < 0 || e < 0 || dup2(o, STDOUT_FILENO) < 0 || dup2(e, STDERR_FILENO) < 0 || chdir(dir.c_str()) != 0) _exit(127);
  std::vector<char*> argv{const_cast<char*>(CUTRACT_BINARY)};
  for (const auto& a : args) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  execv(CUTRACT_BINARY, argv.data());
  _exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return 127;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Finished cutract(const std::vector<std::string>& args, const std::string& dir, const std::string& stdout_path) {
  const TempFolder folder;
  const std::string out = stdout_path.empty() ? folder / "out" : stdout_path, err = folder / "err";
  Finished f;
  f.code = wait_for(start_cutract(args, dir, out, err));
  if (stdout_path.empty()) f.out = read_file(out);
  f.err = read_file(err);
  return f;
}

}  // namespace cutract::test
