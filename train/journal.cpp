#include "train/journal.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <ctime>

#include <nlohmann/json.hpp>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/run/saving.h"
#include "train/run_folder.h"
#include "train/run_report.h"
#include "train/run_summary.h"

namespace cutract {
namespace {

// The model whose weights the run began with, from the env.json of its checkpoint; "": none.
std::string init_from_of(const ResumePoint& p) {
  const auto file = p.files.find("env.json");
  if (file == p.files.end()) return "";
  const auto env = nlohmann::json::parse(file->second, nullptr, false);
  const bool named = env.is_object() && env.contains("init_from") && env["init_from"].is_string();
  return named ? env["init_from"].get<std::string>() : "";
}

class RunJournal : public Journal {
 public:
  RunJournal(Exec& ex, const TrainOptions& options, const Session& session, Course& course)
      : ex_(ex),
        session_(session),
        course_(course),
        run_dir_(options.run_dir),
        init_from_(options.init_from),
        folder_(options.run_dir),
        checkpoints_(folder_.files(), folder_.checkpoints(), session.config.trainer.save_top_k) {
    if (options.resume == Resume::never && checkpoints_.any())
      fail(Fault::usage, run_dir_ +
                             ": holds the checkpoints of an earlier run, and --resume never would lose them; "
                             "choose another --out, or delete the folder");
    point_ = find_resume_point(options.resume_from, folder_.checkpoints(), session.config, session.corpus);
    if (point_) {
      course_.resume(point_->saved.state);
      init_from_ = init_from_of(*point_);
      if (course_.finished() && !point_->other_run)
        checkpoints_.delete_surplus(point_->model.config.trainer.save_top_k);
    }
    if (!course_.finished()) warn_if_disk_is_short(run_dir_, 3, checkpoint_bytes());
  }

  std::optional<ResumePoint>& point() override { return point_; }

  bool complete(bool of_this_corpus) const override {
    return course_.finished() && has_results() && (!of_this_corpus || folder_.is_of_corpus(session_.corpus.hash));
  }

  std::string where_skipped() const override { return "; see " + folder_.path() + "/skipped.tsv"; }

  void start() override {
    environment_ = environment(session_.config, session_.corpus.hash, ex_, session_.engines, init_from_);
    const bool forked = point_ && point_->other_run;
    if (forked) {
      adopt(*point_, checkpoints_, folder_);
      course_.state.best_epoch = point_->saved.state.best_epoch;
      course_.state.best_val_loss = point_->saved.state.best_val_loss;
    }
    log::set_file(folder_.path() + "/train.log");
    if (point_) log::info(fmt::format("resuming from {} ({})", point_->checkpoint, stands_at(*point_)));
    if (!course_.finished() || !folder_.has("config.toml")) {
      folder_.write_config(session_.config);
      folder_.write_environment(environment_);
    }
    if (!session_.data.skipped.empty()) folder_.write_skipped(session_.data.skipped);
    folder_.start_metrics(course_.state.epoch, session_.corpus.channels, forked);
  }

  bool save_within(Learner& learner) override {
    folder_.expect_ours();
    const Checkpoints::Files saved = learner.files(std::nan(""), true, environment_);
    save_or_try_again([&] { checkpoints_.save_within(course_.state.epoch, learner.steps(), saved); });
    return true;
  }

  void add(Learner& learner, Learner::Epoch& epoch) override {
    folder_.expect_ours();
    // Before the checkpoint: resuming drops a row without a checkpoint, but could not fill in a missing row.
    folder_.add_metrics(epoch.record);
    const Checkpoints::Files saved = learner.files(epoch.val.loss, false, environment_);
    save_or_try_again([&] { checkpoints_.save(course_.state.epoch, epoch.val.loss, saved); });
    if (!scores_ || course_.state.best_epoch == course_.state.epoch) {
      scores_ = epoch.val;
      scores_epoch_ = course_.state.epoch;
    }
    if (std::chrono::duration<double>(Clock::now() - reported_).count() > kReportEvery)
      write_report(learner, "training in progress", true);
  }

  void failed(Learner& learner, const std::string& why) override { write_report(learner, "failed: " + why); }

  void finish(Learner* learner, TrainResult& result) override {
    if (course_.state.best_epoch > 0) result.best_checkpoint = checkpoints_.best().value_or("");
    if (!learner || (result.already_finished && has_results())) return;  // stopped early, or nothing is missing
    if (result.already_finished) score_best();
    folder_.write_metrics_json(metrics_json(result));
    write_report(*learner, result.stop_reason);
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double kReportEvery = 10;  // seconds, so that reports cost little however short the epochs are

  bool has_results() const { return folder_.has("metrics.json") && folder_.has("report.html"); }

  // Weights and the optimizer's moments, of which Adam has two.
  double checkpoint_bytes() const {
    return 3.0 * sizeof(float) * static_cast<double>(parameter_count(session_.spec()));
  }

  // While training is in progress, the page reloads itself as often as it is written.
  void write_report(Learner& learner, const std::string& status, bool running = false) {
    Report r = describe(learner.trained(), ex_);
    r.title = "Training: " + run_dir_;
    r.epochs = folder_.history();
    double seconds = 0;
    for (const EpochPoint& e : r.epochs) seconds += e.seconds;
    r.summary = training_summary(course_.state.epoch, session_.config.trainer.max_epochs, seconds, status);
    r.refresh_s = running ? static_cast<int>(kReportEvery) : 0;
    add_facts(r, session_.data, {course_.resumed_from(), started_, running, session_.extractor.step_s()});
    r.scores = scores_;
    r.scores_title = fmt::format("Scores on split {}, epoch {}", session_.config.data.val_split, scores_epoch_);
    folder_.write_report(r);
    reported_ = Clock::now();
  }

  // For the report of a process that was killed after its last checkpoint.
  void score_best() {
    const TrainedModel best = load_model(run_dir_);
    Network network(ex_, best.model, compute(session_.config), Mode::inference);
    Evaluator evaluator(ex_, session_.data.val, session_.config.trainer.batch_size);
    scores_ = evaluator(ex_, network, session_.corpus.channels, session_.config.data.val_split, session_.config);
    scores_->frame_step_s = session_.extractor.step_s();
    scores_epoch_ = best.epoch;
  }

  Exec& ex_;
  const Session& session_;
  Course& course_;
  std::string run_dir_, init_from_;
  RunFolder folder_;
  Checkpoints checkpoints_;
  std::optional<ResumePoint> point_;
  std::string environment_;       // the content of env.json
  std::optional<Scores> scores_;  // of the best epoch that this process saw
  int scores_epoch_ = 0;
  std::time_t started_ = std::time(nullptr);  // when this process started
  Clock::time_point reported_{};
};

class NoJournal : public Journal {
 public:
  std::optional<ResumePoint>& point() override { return none_; }
  bool complete(bool) const override { return false; }
  std::string where_skipped() const override { return ""; }
  void start() override {}
  bool save_within(Learner&) override { return false; }
  void add(Learner&, Learner::Epoch&) override {}
  void failed(Learner&, const std::string&) override {}
  void finish(Learner*, TrainResult&) override {}

 private:
  std::optional<ResumePoint> none_;
};

}  // namespace

std::unique_ptr<Journal> run_journal(Exec& ex, const TrainOptions& options, const Session& session, Course& course) {
  return std::make_unique<RunJournal>(ex, options, session, course);
}

std::unique_ptr<Journal> no_journal() { return std::make_unique<NoJournal>(); }

}  // namespace cutract
