#include "train/run_folder.h"

#include <cblas.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <nlohmann/json.hpp>

#include "host/core/error.h"
#include "host/core/exec.h"
#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "host/io/sha256.h"
#include "kernels/isa.h"
#include "train/version.h"

namespace cutract {
namespace {

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string made(std::string folder) {
  make_folder(folder);
  return folder;
}

}  // namespace

RunFolder::RunFolder(std::string path) : path_(made(std::move(path))), lock_(path_) {}

bool RunFolder::write(const std::string& name, const std::string& text) {
  try {
    save_atomically(real_file_system(), path_ + "/" + name, text);
    return true;
  } catch (const Error& e) { log::warn(std::string(e.what()) + "; training goes on without it"); }
  return false;
}

void RunFolder::write_config(const RunConfig& config) { write("config.toml", write_run_config(config)); }

void RunFolder::write_environment(const RunConfig& config, const std::string& corpus_hash, const Exec& ex,
                                  const LstmChoice& engine) {
  utsname os{};
  uname(&os);
  const nlohmann::ordered_json env{{"cutract", kVersion},
                                   {"git_commit", kGitCommit},
                                   {"git_dirty", kGitDirty},
                                   {"compiler", kCompiler},
                                   {"build_type", kBuildType},
                                   {"os", std::string(os.sysname) + " " + os.release},
                                   {"cpu", cpu_name()},
                                   {"isa", name_of(cpu_isa())},
                                   {"openblas", openblas_get_config()},
                                   {"openblas_core", openblas_get_corename()},
                                   {"gpu", why_no_gpu().empty() ? "present" : "none: " + why_no_gpu()},
                                   {"device", describe(ex)},
                                   {"lstm_engine", name_of(engine.engine)},
                                   {"lstm_engine_why", engine.why},
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

void RunFolder::start_metrics(int epochs_done, std::span<const Channel> channels) {
  const std::string path = path_ + "/metrics.csv";
  std::string kept = metrics_header(channels);
  for (const auto& line : metrics_lines(path, epochs_done)) {
    kept += line;
    history_.push_back(parse_metrics_line(line));
  }
  write("metrics.csv", kept);
  metrics_.open(path, std::ios::app);
  events_.emplace(real_file_system(), path_, epochs_done + 1);
}

void RunFolder::add_metrics(const EpochRecord& r) {
  const std::string line = metrics_line(r);
  history_.push_back(parse_metrics_line(line));
  events_->add(r.epoch, scalars(r));
  if (!metrics_ok_) return;
  metrics_ << line << std::flush;
  if (!metrics_) {
    metrics_ok_ = false;
    log::warn(path_ + "/metrics.csv: cannot be written; training goes on without it");
  }
}

void RunFolder::write_report(const Report& report) {
  if (report_ok_) report_ok_ = write("report.html", html_report(report));
}

void RunFolder::write_metrics_json(const std::string& json) { write("metrics.json", json); }

}  // namespace cutract
