#include <cblas.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "host/core/gpu_facts.h"
#include "kernels/isa.h"
#include "kernels/lstm_engines.h"
#include "train/version.h"

namespace cutract::cli {
namespace {

std::string line(const std::string& name, const std::string& text) { return fmt::format("{:<13} {}\n", name, text); }

std::string about_the_cpu() {
  const double gib =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1u << 30);
  return line("CPU threads", fmt::format("{}", CpuExec(0).threads())) +
         line("vectors", fmt::format("{} (CUTRACT_ISA=portable|avx2|avx512 asks for another)", name_of(cpu_isa()))) +
         line("memory", fmt::format("{:.1f} GiB", gib)) +
         line("BLAS", fmt::format("{} (core {})", openblas_get_config(), openblas_get_corename()));
}

// The engine that each of some sizes is given there, which also tells what there is.
std::string engines(const GpuExec& gpu, Precision precision) {
  std::string text;
  for (const Index H : {64, 128, 256, 512}) {
    const LstmChoice choice = choose_engine(gpu, {.precision = precision, .H = H, .rows = 8});
    text += fmt::format("{}H {} {}", text.empty() ? "" : ", ", H, name_of(choice.engine));
  }
  return text;
}

std::string about_the_gpu() {
  if (const std::string why = why_no_gpu(); !why.empty()) return line("GPU", "not used: " + why);
  const GpuExec gpu(0);
  std::string text;
  for (const auto& [name, fact] : gpu_facts(gpu)) text += line(name, fact);
  for (const Precision p : {Precision::fp32, Precision::tf32, Precision::bf16})
    text += line(fmt::format("LSTM in {}", name_of(p)), engines(gpu, p));
  return text;
}

}  // namespace

int run(const DoctorArgs&) {
  print_result(fmt::format("cutract {} ({}{}), {} {}\n", kVersion, std::string(kGitCommit).substr(0, 12),
                           kGitDirty ? ", with local changes" : "", kCompiler, kBuildType) +
               about_the_cpu() + about_the_gpu() + line("last GPU run", kLastGpuRun));
  return 0;
}

}  // namespace cutract::cli
