#include <cblas.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/commands.h"
#include "kernels/isa.h"
#include "train/version.h"

namespace cutract::cli {

int run(const DoctorArgs&) {
  const std::string why = why_no_gpu();
  const double gib =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1u << 30);
  print_result(
      fmt::format("cutract {} ({}{}), {} {}\n"
                  "CPU threads   {}\n"
                  "vectors       {} (CUTRACT_ISA=portable|avx2|avx512 asks for another)\n"
                  "memory        {:.1f} GiB\n"
                  "BLAS          {} (core {})\n"
                  "GPU           {}\n",
                  kVersion, std::string(kGitCommit).substr(0, 12), kGitDirty ? ", with local changes" : "", kCompiler,
                  kBuildType, CpuExec(0).threads(), name_of(cpu_isa()), gib, openblas_get_config(),
                  openblas_get_corename(), why.empty() ? GpuExec(0).name() : "not used: " + why));
  return 0;
}

}  // namespace cutract::cli
