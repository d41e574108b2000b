#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "cli/commands.h"
#include "cli/scored_runs.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/shell_quoted.h"
#include "host/core/text.h"
#include "train/trainer.h"

namespace cutract::cli {
namespace {

volatile std::sig_atomic_t stop_signal = 0;
volatile std::sig_atomic_t save_signal = 0;

void end_now(int) {
  std::signal(stop_signal, SIG_DFL);
  raise(stop_signal);
}

// The first signal requests a stop after the current step. A second one, of any kind, ends the process after half a
// second: a closing terminal, or a batch system, often sends the same signal twice at once.
void on_stop(int number) {
  if (stop_signal == 0) {
    stop_signal = number;
    return;
  }
  std::signal(SIGALRM, end_now);
  const itimerval grace{{0, 0}, {0, 500000}};
  setitimer(ITIMER_REAL, &grace, nullptr);
}

void on_save(int) { save_signal = 1; }

void handle(int number, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(number, &action, nullptr);
}

void handle_signals() {
  handle(SIGINT, on_stop);
  handle(SIGTERM, on_stop);
  handle(SIGUSR1, on_save);
  struct sigaction hangup {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) handle(SIGHUP, on_stop);  // it is ignored under nohup
}

bool take_save_request() {
  const bool asked = save_signal != 0;
  save_signal = 0;
  return asked;
}

std::string default_folder(const TrainArgs& a, const RunConfig& config) {
  const std::string stem = a.config.empty() ? "default" : std::filesystem::path(a.config).stem().string();
  return fmt::format("runs/{}-seed{}", stem, config.trainer.seed);
}

// Trains and scores one run for each seed.
int run_seeds(const TrainArgs& a) {
  if (!named<Resume>(a.resume))
    fail(Fault::usage, "--seeds and --resume PATH: a checkpoint is of one seed; give one of them");
  if (std::set<std::int64_t>(a.seeds.begin(), a.seeds.end()).size() < a.seeds.size())
    fail(Fault::usage, "--seeds: names a seed twice, expected different seeds");
  if (a.quiet) log::set_level(log::Level::quiet);
  const RunConfig config = read_run_config(a.config, a.set);
  const std::string folder =
      a.out.empty() ? "runs/" + (a.config.empty() ? "default" : std::filesystem::path(a.config).stem().string())
                    : a.out;
  ScoredRuns all{
      fmt::format("{} with {}", a.config.empty() ? "Default settings" : a.config, counted(std::ssize(a.seeds), "seed")),
      "seed",
      {},
      fmt::format("Each run was scored on the split {}. The names link to the reports of the trainings.",
                  config.data.test_split)};
  for (const std::int64_t seed : a.seeds) {
    log::info(fmt::format("seed {} ({} of {})", seed, all.runs.size() + 1, a.seeds.size()));
    TrainArgs one = a;
    one.seeds.clear();
    one.seed = seed;
    one.out = fmt::format("{}/runs/seed-{}", folder, seed);
    if (const int code = train_and_score(one, fmt::format("seed-{}", seed), all); code != 0) return code;
  }
  report_runs(all, folder, "seeds");
  return 0;
}

}  // namespace

int run(const TrainArgs& a) {
  if (!a.seeds.empty()) return run_seeds(a);
  const std::optional<Resume> resume = named<Resume>(a.resume);  // nothing: the path of a checkpoint or run
  if (!a.init_from.empty() && !resume)
    fail(Fault::usage, "--init-from and --resume: a resumed run has weights of its own; give one of them");
  std::vector<std::string> set = a.set;
  if (a.seed) set.push_back(fmt::format("trainer.seed={}", *a.seed));
  if (a.skip_bad) set.emplace_back("data.skip_bad=true");
  const RunConfig config = read_run_config(a.config, set);
  if (a.print_config) {
    print_result(write_run_config(config));
    return 0;
  }
  if (a.quiet) log::set_level(log::Level::quiet);
  Exec ex = choose_device(a.device, config.trainer.threads);

  TrainOptions options;
  options.run_dir = a.out.empty() ? default_folder(a, config) : a.out;
  options.resume = resume.value_or(Resume::automatic);
  if (!resume) options.resume_from = a.resume;
  options.init_from = a.init_from;
  options.check_device = !a.check_device.empty();
  options.fast_dev_run = a.fast_dev_run;
  options.stop_signal = [] { return static_cast<int>(stop_signal); };
  options.save_asked = take_save_request;
  handle_signals();
  // Programs that start trainings in a session of their own, as the Python package does, leave none behind when killed.
  if (a.end_with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);

  Progress progress(Progress::for_stderr(a.quiet));
  const TrainResult r = train(ex, config, options, progress);
  if (r.signal != 0) {
    log::warn(r.saved.empty() || a.fast_dev_run > 0
                  ? "Interrupted. Nothing was saved yet."
                  : fmt::format("Interrupted. {}; run the same command again to continue.", r.saved));
    return 128 + r.signal;
  }
  if (a.fast_dev_run > 0) {
    log::info("fast dev run: training and validation work; no run folder was written");
    return 0;
  }
  log::info(fmt::format("{}: {}, best {} with val_loss {:.4f} ({})", options.run_dir, counted(r.epochs, "epoch"),
                        r.best_epoch, r.best_val_loss, r.stop_reason));
  if (!r.already_finished)
    log::info(fmt::format("{} in {:.1f} s ({:.0f} frames/s with validation and checkpoints)",
                          counted(r.frames, "frame"), r.seconds, static_cast<double>(r.frames) / r.seconds));
  log::info(fmt::format("next: cutract eval {}", shell_quoted(options.run_dir)));
  return 0;
}

}  // namespace cutract::cli
