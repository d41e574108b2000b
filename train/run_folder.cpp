#include "train/run_folder.h"

#include <cblas.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/device/exec.h"
#include "host/io/atomic_file.h"
#include "host/io/sha256.h"
#include "kernels/isa.h"
#include "model/version.h"

namespace cutract {
namespace {

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  real_file_system().list(folder, names);
  return names;
}

// A run folder has its lock from the start. One that was copied without the lock is recognised by its checkpoints.
bool is_run(const std::string& folder) {
  FileFacts facts;
  std::string holder;
  if (real_file_system().look(folder + "/.lock", facts) == 0 && facts.kind != FileFacts::Kind::file) return true;
  if (real_file_system().read(folder + "/.lock", holder) == 0 && (holder.empty() || holder.starts_with("process ")))
    return true;
  const std::vector<std::string> names = names_in(folder + "/checkpoints");
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name == "last" || name == "best" || name.starts_with("epoch=") || name.starts_with("step=") ||
           name.starts_with(".tmp-");
  });
}

namespace fs = std::filesystem;

// Makes the folder if it does not exist, and returns whether it did.
bool made(const std::string& folder) {
  check_run_folder(folder);
  std::error_code ignored;
  const bool there = fs::exists(folder, ignored);
  make_folder(folder);
  return !there;
}

// Called before anything is loaded, so that a run fails at once and not after the first epoch.
void expect_writable(const std::string& folder) {
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0 || errno == ENOENT) return;
  fail(Fault::io, fmt::format("{}: cannot be written: {}; choose another --out", folder, std::strerror(errno)));
}

}  // namespace

void check_run_folder(const std::string& path) {
  const std::vector<std::string> names = names_in(path);
  const bool hidden = std::all_of(names.begin(), names.end(), [](const auto& name) { return name.starts_with('.'); });
  if (!hidden && !is_run(path))
    fail(Fault::usage,
         path +
             ": holds files but is not a run folder, and training could overwrite them; choose a new or empty folder "
             "with --out");
}

RunFolder::RunFolder(std::string path) : path_(std::move(path)), made_(made(path_)), lock_(path_), files_(path_) {
  for (const char* name : {"/train.log", "/metrics.csv", "/checkpoints"}) {
    FileFacts facts;
    if (real_file_system().look(path_ + name, facts) == 0 && facts.kind == FileFacts::Kind::link)
      fail(Fault::io, path_ + name +
                          ": is a symbolic link, and links in a run folder are never followed; remove the "
                          "link, or choose another --out");
  }
  expect_writable(path_);
  expect_writable(checkpoints());
  remove_stale_temporaries(files_, path_);
}

void RunFolder::expect_ours() const {
  if (!lock_.holds())
    fail(Fault::io, path_ +
                        ": was removed or replaced while this training was running, so nothing more is saved there; "
                        "train again with another --out");
}

RunFolder::~RunFolder() {
  if (!made_) return;
  try {
    std::error_code ignored;
    fs::remove(checkpoints(), ignored);  // if it is empty
    const auto entries = std::distance(fs::directory_iterator(path_, ignored), fs::directory_iterator{});
    if (entries > 1 || (entries == 1 && !has(".lock"))) return;
    fs::remove(path_ + "/.lock", ignored);
    fs::remove(path_, ignored);
  } catch (const std::exception&) {
    // No memory is left for the paths, or the folder cannot be read. A folder that stays does no harm to the next run.
  }
}

bool RunFolder::has(const std::string& name) const {
  std::error_code ignored;
  return fs::exists(path_ + "/" + name, ignored);
}

void RunFolder::adopt_history(const std::string& other_run, int epochs_done) {
  const auto lines = metrics_lines(other_run + "/metrics.csv", epochs_done);
  if (!lines.empty()) {
    std::string kept = "\n";  // in place of the header, which start_metrics writes
    for (const auto& line : lines) kept += line;
    write("metrics.csv", kept);
  }
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(other_run, ignored)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("events.out.tfevents.")) continue;
    try {
      save_atomically(files_, path_ + "/" + name, read_file(entry.path()));
    } catch (const Error& e) { log::warn(std::string(e.what()) + "; continuing without it"); }
  }
}

bool RunFolder::write(const std::string& name, const std::string& text) {
  if (!lock_.holds()) return false;  // the next save says so and ends the run
  try {
    save_atomically(files_, path_ + "/" + name, text);
    return true;
  } catch (const Error& e) { log::warn(std::string(e.what()) + "; continuing without it"); }
  return false;
}

void RunFolder::write_config(const RunConfig& config) { write("config.toml", write_run_config(config)); }

std::string environment(const RunConfig& config, const std::string& corpus_hash, const Exec& ex,
                        std::span<const EngineOfSize> engines, const std::string& init_from) {
  std::string names, reasons;  // one engine for each size of Bi-LSTM; nearly always a single one
  for (const auto& [request, choice] : engines) {
    names += (names.empty() ? "" : ", ") + std::string(name_of(choice.engine));
    reasons += (reasons.empty() ? "" : "; ") + std::string(choice.why);
  }
  utsname os{};
  uname(&os);
  nlohmann::ordered_json env{{"cutract", kVersion},
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
                             {"lstm_engine", names},
                             {"lstm_engine_why", reasons},
                             {"seed", config.trainer.seed},
                             {"config_sha256", sha256_hex(write_run_config(config))},
                             {"corpus_path", std::filesystem::absolute(config.data.corpus).lexically_normal().string()},
                             {"corpus_sha256", corpus_hash}};
  if (!init_from.empty()) env["init_from"] = init_from;
  return env.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void RunFolder::write_environment(const std::string& env) { write("env.json", env); }

bool RunFolder::is_of_corpus(const std::string& hash) const {
  return has("env.json") && read_file(path_ + "/env.json").find(hash) != std::string::npos;
}

void RunFolder::write_skipped(const std::vector<Skipped>& skipped) {
  std::string text = "id\treason\n";
  for (const auto& s : skipped) text += s.id + "\t" + s.reason + "\n";
  write("skipped.tsv", text);
}

void RunFolder::start_metrics(int epochs_done, std::span<const Channel> channels, bool events_too) {
  const std::string path = path_ + "/metrics.csv";
  std::string kept = metrics_header(channels);
  for (const auto& line : metrics_lines(path, epochs_done)) {
    kept += line;
    history_.push_back(parse_metrics_line(line, channels.size()));
  }
  metrics_ok_ = write("metrics.csv", kept);  // if it fails, the existing file stays unchanged, with its header
  events_.emplace(files_, path_, epochs_done + 1);
  if (events_too) events_->add(epochs_done, {});  // the session start makes TensorBoard forget later epochs
  if (!metrics_ok_) return;
  try {
    metrics_.emplace(path);
  } catch (const Error& e) {
    metrics_ok_ = false;
    log::warn(std::string(e.what()) + "; continuing without it");
  }
}

void RunFolder::add_metrics(const EpochRecord& r) {
  const std::string line = metrics_line(r);
  history_.push_back(parse_metrics_line(line, r.val->channels.size()));
  events_->add(r.epoch, scalars(r));
  if (!metrics_ok_) return;
  metrics_ok_ = metrics_->append(line);
  if (!metrics_ok_)
    log::warn(path_ + "/metrics.csv: cannot write: " + std::strerror(errno) + "; continuing without it");
}

void RunFolder::write_report(const Report& report) {
  if (report_ok_) report_ok_ = write("report.html", html_report(report));
}

void RunFolder::write_metrics_json(const std::string& json) { write("metrics.json", json); }

}  // namespace cutract
