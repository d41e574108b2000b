#include <cblas.h>
#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "host/device/gpu_facts.h"
#include "kernels/isa.h"
#include "kernels/lstm/lstm_engines.h"
#include "model/version.h"

namespace cutract::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

void about_the_cpu(Facts& facts) {
  const double gib =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE)) / (1u << 30);
  facts.emplace_back("CPU threads", fmt::format("{}", CpuExec(0).threads()));
  facts.emplace_back("vectors",
                     fmt::format("{} (set CUTRACT_ISA to portable, avx2 or avx512 to change)", name_of(cpu_isa())));
  facts.emplace_back("memory", fmt::format("{:.1f} GiB", gib));
  facts.emplace_back("BLAS", fmt::format("{} (core {})", openblas_get_config(), openblas_get_corename()));
}

// Shows the engine chosen for each of some sizes, which also shows the engines that this build and GPU have.
std::string engines(const GpuExec& gpu, Precision precision) {
  std::string text;
  for (const Index H : {64, 128, 256, 512}) {
    const LstmChoice choice = choose_engine(gpu, {.precision = precision, .H = H, .rows = 8});
    text += fmt::format("{}H {} {}", text.empty() ? "" : ", ", H, name_of(choice.engine));
  }
  return text;
}

void about_the_gpu(Facts& facts) {
  if (const std::string why = why_no_gpu(); !why.empty()) {
    facts.emplace_back("GPU", "not used: " + why);
    return;
  }
  const GpuExec gpu(0);
  for (const auto& [name, fact] : gpu_facts(gpu)) facts.emplace_back(name, fact);
  for (const Precision p : {Precision::fp32, Precision::tf32, Precision::bf16})
    facts.emplace_back(fmt::format("LSTM in {}", name_of(p)), engines(gpu, p));
}

std::string as_json(const Facts& facts) {
  nlohmann::ordered_json object;
  for (const auto& [name, fact] : facts) object[name] = fact;
  return object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

int run(const DoctorArgs& a) {
  Facts facts;
  facts.emplace_back("cutract", fmt::format("{} ({}{}), {} {}", kVersion, std::string(kGitCommit).substr(0, 12),
                                            kGitDirty ? ", with local changes" : "", kCompiler, kBuildType));
  about_the_cpu(facts);
  about_the_gpu(facts);
  facts.emplace_back("last GPU run", kLastGpuRun);
  if (a.json) {
    print_result(as_json(facts));
    return 0;
  }
  std::string text;
  for (const auto& [name, fact] : facts) text += fmt::format("{:<13} {}\n", name, fact);
  print_result(text);
  return 0;
}

}  // namespace cutract::cli
