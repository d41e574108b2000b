#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"

namespace cutract::cli {

namespace {

int gpu_number(const std::string& name) {
  if (!name.starts_with("cuda:")) return 0;
  int n = 0;
  const char *first = name.data() + 5, *last = name.data() + name.size();
  if (const auto [end, error] = std::from_chars(first, last, n); error != std::errc{} || end != last)
    fail(Fault::usage, fmt::format("--device {}: expected auto, cpu or cuda[:N]", name));
  return n;
}

}  // namespace

Exec choose_device(const std::string& name, int threads) {
  const bool cuda = name == "cuda" || name.starts_with("cuda:");
  if (name != "auto" && name != "cpu" && !cuda)
    fail(Fault::usage, fmt::format("--device {}: expected auto, cpu or cuda[:N]", name));
  const std::string why =
      gpu_is_emulated() && !cuda ? "the GPU is emulated; choose it with --device cuda" : why_no_gpu();
  if (cuda && !why.empty()) fail(Fault::device, "--device cuda: " + why + "; use --device cpu");
  const bool gpu = cuda || (name == "auto" && why.empty());
  Exec ex = gpu ? Exec(std::in_place_type<GpuExec>, gpu_number(name)) : Exec(std::in_place_type<CpuExec>, threads);
  if (name == "auto" || gpu) log::info(fmt::format("device: {}{}", describe(ex), gpu ? "" : " (" + why + ")"));
  return ex;
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
