#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cutract::test {

struct Finished {
  int code = 0;  // exit status, or 128 + signal
  std::string out, err;
  std::string last_line() const;  // of err
};

// Runs the cutract binary with these arguments in `dir`. stdout_path: where its output goes instead of into `out`.
Finished cutract(const std::vector<std::string>& args, const std::string& dir, const std::string& stdout_path = "");

// Starts it without waiting; finish() waits.
pid_t start_cutract(const std::vector<std::string>& args, const std::string& dir, const std::string& out,
                    const std::string& err);
int wait_for(pid_t);

}  // namespace cutract::test
