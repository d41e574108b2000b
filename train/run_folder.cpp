#include "train/run_folder.h"

#include <cblas.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "host/io/sha256.h"
#include "kernels/isa.h"
#include "train/version.h"

namespace cutract {
namespace {

constexpr const char* kColumns =
    "epoch,step,train_loss,val_loss,val_rmse,val_mae,val_pearson,lr,grad_norm,skipped_steps,frames_per_s,seconds";

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

RunFolder::RunFolder(std::string path) : path_(std::move(path)) { make_folder(path_); }

void RunFolder::write(const std::string& name, const std::string& text) {
  try {
    save_atomically(real_file_system(), path_ + "/" + name, text);
  } catch (const Error& e) { log::warn(std::string(e.what()) + "; training goes on without it"); }
}

void RunFolder::write_config(const RunConfig& config) { write("config.toml", write_run_config(config)); }

void RunFolder::write_environment(const RunConfig& config, const std::string& corpus_hash, int threads) {
  utsname os{};
  uname(&os);
  const nlohmann::ordered_json env{{"cutract", kVersion},
                                   {"git_commit", kGitCommit},
                                   {"git_dirty", kGitDirty},
                                   {"compiler", kCompiler},
                                   {"build_type", kBuildType},
                                   {"os", std::string(os.sysname) + " " + os.release},
                                   {"cpu", cpu_name()},
                                   {"threads", threads},
                                   {"isa", name_of(cpu_isa())},
                                   {"openblas", openblas_get_config()},
                                   {"openblas_core", openblas_get_corename()},
                                   {"gpu", why_no_gpu().empty() ? "present" : "none: " + why_no_gpu()},
                                   {"device", "cpu"},
                                   {"seed", config.trainer.seed},
                                   {"config_sha256", sha256_hex(write_run_config(config))},
                                   {"corpus_sha256", corpus_hash}};
  write("env.json", env.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void RunFolder::write_skipped(const std::vector<Skipped>& skipped) {
  std::string text = "id\treason\n";
  for (const auto& s : skipped) text += s.id + "\t" + s.reason + "\n";
  write("skipped.tsv", text);
}

void RunFolder::start_metrics(int epochs_done) {
  const std::string path = path_ + "/metrics.csv";
  std::string kept = std::string(kColumns) + "\n";
  std::ifstream old(path);
  std::string line;
  std::getline(old, line);
  while (epochs_done > 0 && std::getline(old, line)) {
    if (std::atoi(line.c_str()) > epochs_done) break;
    kept += line + "\n";
  }
  old.close();
  write("metrics.csv", kept);
  metrics_.open(path, std::ios::app);
}

void RunFolder::add_metrics(const EpochRecord& r) {
  if (!metrics_ok_) return;
  const Scores& v = *r.val;
  metrics_ << fmt::format("{},{},{:.9g},{:.9g},{:.9g},{:.9g},{},{:.9g},{:.9g},{},{:.0f},{:.2f}\n", r.epoch, r.step,
                          r.train_loss, v.loss, v.rmse, v.mae, v.pearson ? fmt::format("{:.9g}", *v.pearson) : "", r.lr,
                          r.grad_norm, r.skipped_steps, r.frames_per_s, r.seconds)
           << std::flush;
  if (!metrics_) {
    metrics_ok_ = false;
    log::warn(path_ + "/metrics.csv: cannot be written; training goes on without it");
  }
}

void RunFolder::write_metrics_json(const std::string& json) { write("metrics.json", json); }

}  // namespace cutract
