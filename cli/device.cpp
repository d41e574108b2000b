#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/commands.h"
#include "host/core/error.h"
#include "host/core/log.h"

namespace cutract::cli {

Exec choose_device(const std::string& name, int threads) {
  const bool cuda = name == "cuda" || name.starts_with("cuda:");
  if (name != "auto" && name != "cpu" && !cuda)
    fail(Fault::usage, fmt::format("--device {}: expected auto, cpu or cuda[:N]", name));
  const std::string why = why_no_gpu();
  if (cuda)
    fail(Fault::device, why.empty() ? "--device cuda: the GPU backend cannot train or predict yet; use --device cpu"
                                    : "--device cuda: " + why + "; use --device cpu");
  CpuExec cpu(threads);
  if (name == "auto")
    log::info(fmt::format("device: CPU, {} threads ({})", cpu.threads(),
                          why.empty() ? "the GPU backend cannot train or predict yet" : why));
  return cpu;
}

void print_result(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    fail(Fault::io, "standard output: cannot be written; check the disk or the pipe behind it");
}

bool colour_on_stdout() {
  const char* no = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && (no == nullptr || *no == '\0');
}

}  // namespace cutract::cli
