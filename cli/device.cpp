#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/device/choose_exec.h"

namespace cutract::cli {

Exec choose_device(const std::string& name, int threads) {
  ChosenExec chosen = choose_exec(name, threads, "--device");
  const bool gpu = std::holds_alternative<GpuExec>(chosen.ex);
  if (gpu || !chosen.why_not_gpu.empty())
    log::info(fmt::format("device: {}{}", describe(chosen.ex), gpu ? "" : " (" + chosen.why_not_gpu + ")"));
  return std::move(chosen.ex);
}

void print_result(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw ReaderGone(Fault::io, "standard output: its reader closed the pipe");
  throw StandardOutputFailed(Fault::io, "standard output: cannot be written; check the disk or the pipe it goes to");
}

void print_text(const std::string& text) { print_result(printable(text)); }

bool colour_on_stdout() {
  const char* no = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && (no == nullptr || *no == '\0');
}

}  // namespace cutract::cli
