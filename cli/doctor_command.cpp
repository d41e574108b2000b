#include <cblas.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "host/core/gpu_facts.h"
#include "kernels/isa.h"
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

std::string about_the_gpu() {
  if (const std::string why = why_no_gpu(); !why.empty()) return line("GPU", "not used: " + why);
  std::string text;
  for (const auto& [name, fact] : gpu_facts(GpuExec(0))) text += line(name, fact);
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
