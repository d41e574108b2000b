#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <optional>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/sha256.h"
#include "host/run/checkpoints.h"
#include "host/run/early_stopping.h"
#include "host/run/saving.h"
#include "model/evaluator.h"
#include "model/trained_model.h"
#include "train/compare_devices.h"
#include "train/resume.h"
#include "train/run_folder.h"
#include "train/run_report.h"
#include "train/run_summary.h"
#include "train/state.h"
#include "train/stepper.h"
#include "train/training_data.h"

namespace cutract {
namespace {

// One training run: data and settings that are loaded once, and the state that changes with every epoch.
class Run {
 public:
  Run(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress)
      : ex_(ex),
        config_(config),
        options_(options),
        progress_(progress),
        corpus_(open_corpus(config.data)),
        extractor_(config.features),
        stopping_(config.trainer.early_stopping_patience, config.trainer.min_delta),
        plateau_(config.schedule, config.optim.lr),
        dev_(options.fast_dev_run > 0) {}

  // Refuses everything that can be refused before it loads the data.
  TrainResult operator()() {
    for (const std::string& split : {config_.data.train_split, config_.data.val_split}) (void)corpus_.split(split);
    engines_ = choose_engines(ex_, config_);
    if (!dev_) open_folder();
    if (!dev_ && !is_finished()) warn_if_disk_is_short(options_.run_dir, 3, checkpoint_bytes());
    const bool complete = is_finished() && folder_->has("metrics.json") && folder_->has("report.html");
    if (complete && folder_->is_of_corpus(corpus_.hash)) return already_finished();
    try {
      data_ = load_training_data(ex_, config_, corpus_, extractor_, [this] {
        if (stop_asked()) throw Stopped{};
      });
    } catch (const Stopped&) { return finish(); }
    if (!data_.skipped.empty())
      log::warn(fmt::format("skipped {}{}", counted(std::ssize(data_.skipped), "utterance"),
                            dev_ ? "" : "; see " + folder_->path() + "/skipped.tsv"));
    make_model();  // refuses to go on with other data
    if (complete) return already_finished();
    environment_ = environment(config_, corpus_.hash, ex_, engines_);
    if (!dev_) start_folder();
    normalise(ex_, data_.train, trained_->features, trained_->targets);
    normalise(ex_, data_.val, trained_->features, trained_->targets);
    if (dev_)
      data_.val.examples.resize(std::min(
          data_.val.examples.size(),
          static_cast<std::size_t>(options_.fast_dev_run) * static_cast<std::size_t>(config_.trainer.batch_size)));
    if (is_finished()) return already_finished();
    prepare();
    const auto began = Clock::now();
    try {
      run_epochs();
    } catch (const Error& e) {
      if (!dev_) write_report(std::string("failed: ") + e.what());
      throw;
    }
    progress_.finish();
    result_.seconds = seconds_since(began);
    return finish();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

  struct Stopped {};  // thrown when a signal arrives while data are loaded or validated
  bool stop_asked() {
    if (options_.stop_signal) result_.signal = options_.stop_signal();
    return result_.signal != 0;
  }

  bool is_finished() const { return !finished_.empty(); }

  ModelSpec spec() const { return model_spec(config_.model, extractor_.dim(), std::ssize(corpus_.channels)); }

  // Weights and Adam's two moments.
  double checkpoint_bytes() const { return 3.0 * sizeof(float) * static_cast<double>(parameter_count(spec())); }

  void make_model() {
    trained_.emplace(
        TrainedModel{config_, Model(spec()), data_.features, data_.targets, corpus_.channels, corpus_.name, 0, 0});
    trained_->model.initialise(static_cast<std::uint64_t>(config_.trainer.seed));
    optimizer_.emplace(ex_, config_.optim, trained_->model.size());
    if (point_) restore();
    make_network();
    log_engines(ex_, config_, engines_);
    state_.config = write_run_config(config_);
    state_.data = fingerprint(data_);
    if (!point_) state_.order_key = sha256_hex(state_.data);
    log::info(fmt::format("model: {}, {} parameters", describe(trained_->model.spec().stack), trained_->model.size()));
  }

  // With a large model on the CPU a batch can take a minute, which is too long to wait for when a stop is asked for.
  void make_network() {
    network_.emplace(ex_, trained_->model, compute(config_));
    if (std::holds_alternative<CpuExec>(ex_))
      network_->call_before_layers([this] {
        if (seconds_since(batch_began_) >= options_.long_step_s && stop_asked()) throw Stopped{};
      });
  }

  // Finds the checkpoint to resume from. Nothing in the folder changes yet, except that a surplus checkpoint which
  // a killed process left is deleted if no other save follows.
  void open_folder() {
    folder_ = std::make_unique<RunFolder>(options_.run_dir);
    checkpoints_ = std::make_unique<Checkpoints>(folder_->files(), folder_->checkpoints(), config_.trainer.save_top_k);
    if (options_.resume == Resume::never && checkpoints_->any())
      fail(Fault::usage, options_.run_dir +
                             ": holds the checkpoints of an earlier run, and --resume never would lose "
                             "them; choose another --out, or delete the folder");
    point_ = find_resume_point(options_.resume_from, folder_->checkpoints(), config_, corpus_);
    if (!point_) return;
    state_ = point_->saved.state;
    for (const double loss : state_.val_losses) stopping_.improved(loss);
    resumed_from_ = state_.epoch;
    finished_ = why_finished();
    if (is_finished() && !point_->other_run) checkpoints_->delete_surplus(point_->model.config.trainer.save_top_k);
  }

  // Judged by the current settings, so a run that stopped early or at its last epoch continues if they allow it.
  std::string why_finished() const {
    if (state_.within) return "";
    if (stopping_.should_stop()) return stopping_.reason();
    return state_.epoch >= config_.trainer.max_epochs ? kAllEpochs : "";
  }

  // Restores the statistics with the weights, which were trained with them.
  void restore() {
    expect_same_data(*point_, fingerprint(data_), corpus_.dir);
    point_->saved.restore(ex_, *optimizer_, point_->checkpoint + "/state.safetensors");
    trained_.emplace(std::move(point_->model));
    trained_->config = config_;
    plateau_.restore(state_.plateau);
  }

  void start_folder() {
    if (point_ && point_->other_run) {
      adopt(*point_, *checkpoints_, *folder_);
      state_.best_epoch = point_->saved.state.best_epoch;
      state_.best_val_loss = point_->saved.state.best_val_loss;
    }
    log::set_file(folder_->path() + "/train.log");
    if (point_) log::info(fmt::format("resuming from {} ({})", point_->checkpoint, stands_at(*point_)));
    if (!is_finished() || !folder_->has("config.toml")) {
      folder_->write_config(config_);
      folder_->write_environment(environment_);
    }
    if (!data_.skipped.empty()) folder_->write_skipped(data_.skipped);
    folder_->start_metrics(state_.epoch, corpus_.channels, point_ && point_->other_run);
  }

  // Moves both splits into the executor's memory and reserves memory for their largest batches, so that running out of
  // memory is found before training starts.
  void prepare() {
    if (options_.check_device) check_device(ex_, config_, trained_->model, data_.train.examples);
    batches_.emplace(ex_, data_.train.examples, config_.trainer.batch_size);
    evaluator_.emplace(ex_, data_.val, config_.trainer.batch_size);
    network_->reserve(ex_, std::max(batches_->most_rows(), evaluator_->most_rows()));
    stepper_.emplace(ex_, *network_, *optimizer_, *batches_,
                     StepConfig{config_.trainer.loss, config_.trainer.gradient_clip_val,
                                static_cast<std::uint64_t>(config_.trainer.seed)});
  }

  void run_epochs() {
    const int epochs = dev_ ? 1 : config_.trainer.max_epochs;
    progress_.start(state_.epoch + 1, epochs, static_cast<long>(data_.train.frames()));
    while (state_.epoch < epochs && !is_finished() && result_.signal == 0) epoch();
  }

  // Trains one epoch, from its first step or from the step at which a checkpoint inside it was saved.
  void epoch() {
    EpochRecord record{.epoch = state_.epoch + 1, .lr = plateau_.lr()};
    began_ = Clock::now();
    const auto order = dev_ ? first_batches(data_.train, config_, options_.fast_dev_run)
                            : batches_of_epoch(data_.train, config_, state_.epoch, state_.order_key);
    const Index frames_before = begin(order);
    for (Index i = first_step_; i < std::ssize(order); ++i) {
      batch_began_ = Clock::now();
      try {
        stepper_->step();
      } catch (const Stopped&) {
        if (i > first_step_) stop_within(i, std::ssize(order), frames_before);  // otherwise nothing is new
        return;
      }
      const StepRecord& seen = stepper_->seen();
      if (seen.in_a_row >= config_.trainer.max_nonfinite_steps) break;
      progress_.step(static_cast<long>(batches_->frames(i)), seen.loss, plateau_.lr());
      if (stop_asked()) return stop_within(i + 1, std::ssize(order), frames_before);
      if (options_.save_asked && options_.save_asked() && !dev_) {
        save_within();
        log::info(fmt::format("saved epoch {} up to step {} of {}; still training", record.epoch, i + 1, order.size()));
      }
    }
    const StepRecord done = stepper_->wait();
    expect_finite_steps(done, order, data_.train, record.epoch, config_);
    record.frames_per_s = static_cast<double>(done.frames) / epoch_seconds();
    record.train_loss = done.loss_sum / static_cast<double>(std::max<Index>(done.frames, 1));
    record.grad_norm = done.norm_sum / static_cast<double>(std::max<Index>(done.taken, 1));
    record.skipped_steps = static_cast<int>(done.batches - done.taken);
    record.step = done.steps;
    try {
      validate(record);
    } catch (const Stopped&) { return stop_within(std::ssize(order), std::ssize(order), frames_before); }
    result_.frames += done.frames - frames_before;
  }

  // Begins or continues an epoch. Returns how many of its frames an earlier process trained on.
  Index begin(const std::vector<std::vector<int>>& order) {
    first_step_ = 0;
    if (!state_.within) {
      state_.epoch_seconds = 0;
      stepper_->begin_epoch(order, plateau_.lr());
      return 0;
    }
    const StepRecord& from = point_->saved.record;
    stepper_->go_on(order, plateau_.lr(), from);
    first_step_ = from.batches;
    state_.within = false;
    progress_.step(static_cast<long>(from.frames), from.loss_sum / static_cast<double>(std::max<Index>(from.frames, 1)),
                   plateau_.lr());
    return from.frames;
  }

  double epoch_seconds() const { return state_.epoch_seconds + seconds_since(began_); }

  void stop_within(Index step, Index of, Index frames_before) {
    if (dev_) return;
    save_within();
    result_.frames += stepper_->wait().frames - frames_before;
    result_.saved = fmt::format("Epoch {} is saved up to step {} of {}", state_.epoch + 1, step, of);
  }

  void validate(EpochRecord& record) {
    batch_began_ = Clock::now();
    Scores val = (*evaluator_)(ex_, *network_, corpus_.channels, config_.data.val_split, config_, [this] {
      if (stop_asked()) throw Stopped{};
      batch_began_ = Clock::now();
    });
    val.frame_step_s = extractor_.step_s();
    record.val = &val;
    if (!std::isfinite(val.loss))
      fail(Fault::diverged,
           fmt::format("training diverged in epoch {}: the validation loss is {}; try a smaller optim.lr; earlier "
                       "checkpoints are kept",
                       record.epoch, val.loss));
    ++state_.epoch;
    stopping_.improved(val.loss);
    state_.val_losses.push_back(val.loss);
    if (val.loss < state_.best_val_loss) {
      state_.best_val_loss = val.loss;
      state_.best_epoch = state_.epoch;
    }
    const bool fell = plateau_.check(val.loss);
    finished_ = why_finished();
    record.seconds = epoch_seconds();
    if (!dev_) {
      folder_->expect_ours();
      // Before the checkpoint: resuming drops a row without a checkpoint, but could not fill in a missing row.
      folder_->add_metrics(record);
      save(val.loss);
    }
    log_epoch(record, state_.best_val_loss, state_.best_epoch, progress_);
    if (!scores_ || state_.best_epoch == state_.epoch) {
      scores_ = val;
      scores_epoch_ = state_.epoch;
    }
    if (!dev_ && seconds_since(reported_) > kReportEvery) write_report("training in progress", true);
    if (fell) log::info(fmt::format("learning rate reduced to {:.3g}", plateau_.lr()));
  }

  Checkpoints::Files files(double val_loss) {
    trained_->epoch = state_.epoch;
    trained_->val_loss = val_loss;
    network_->write_back(ex_, trained_->model);
    state_.plateau = plateau_.state();
    return {{"model.safetensors", encode_model(*trained_)},
            {"state.safetensors", encode_state(ex_, state_, *optimizer_)},
            {"env.json", environment_}};
  }

  void save(double val_loss) {
    state_.epoch_seconds = 0;
    const Checkpoints::Files saved = files(val_loss);
    save_or_try_again([&] { checkpoints_->save(state_.epoch, val_loss, saved); });
    result_.saved = fmt::format("Epoch {} is saved", state_.epoch);
  }

  void save_within() {
    folder_->expect_ours();
    const double before = state_.epoch_seconds;
    state_.within = true;
    state_.epoch_seconds = epoch_seconds();
    const Checkpoints::Files saved = files(std::nan(""));
    save_or_try_again([&] { checkpoints_->save_within(state_.epoch, stepper_->wait().steps, saved); });
    state_.within = false;
    state_.epoch_seconds = before;
  }

  // While training is in progress, the page reloads itself as often as it is written.
  void write_report(const std::string& status, bool running = false) {
    Report r = describe(*trained_, ex_);
    r.title = "Training: " + options_.run_dir;
    r.epochs = folder_->history();
    double seconds = 0;
    for (const EpochPoint& e : r.epochs) seconds += e.seconds;
    r.summary = training_summary(state_.epoch, config_.trainer.max_epochs, seconds, status);
    r.refresh_s = running ? static_cast<int>(kReportEvery) : 0;
    add_facts(r, data_, {resumed_from_, started_, running, extractor_.step_s()});
    r.scores = scores_;
    r.scores_title = fmt::format("Scores on split {}, epoch {}", config_.data.val_split, scores_epoch_);
    folder_->write_report(r);
    reported_ = Clock::now();
  }

  // Trains nothing, but writes metrics.json and the report if a process that was killed after its last checkpoint left
  // them out.
  TrainResult already_finished() {
    result_.already_finished = true;
    if (!folder_->has("metrics.json") || !folder_->has("report.html")) score_best();
    log::info(fmt::format("{}: finished at epoch {} ({}); nothing to do. To train longer, {}", options_.run_dir,
                          state_.epoch, finished_,
                          how_to_train_longer(stopping_, state_.epoch, config_.trainer.max_epochs)));
    return finish();
  }

  void score_best() {
    const TrainedModel best = load_model(options_.run_dir);
    Network network(ex_, best.model, compute(config_), Mode::inference);
    Evaluator evaluator(ex_, data_.val, config_.trainer.batch_size);
    scores_ = evaluator(ex_, network, corpus_.channels, config_.data.val_split, config_);
    scores_->frame_step_s = extractor_.step_s();
    scores_epoch_ = best.epoch;
  }

  TrainResult finish() {
    result_.epochs = state_.epoch;
    result_.best_epoch = state_.best_epoch;
    result_.best_val_loss = state_.best_val_loss;
    result_.stop_reason = result_.signal ? fmt::format("stopped by signal {}", result_.signal) : finished_;
    if (result_.saved.empty() && state_.epoch > 0) result_.saved = fmt::format("Epoch {} is saved", state_.epoch);
    if (dev_ || !checkpoints_) return result_;
    if (state_.best_epoch > 0) result_.best_checkpoint = checkpoints_->best().value_or("");
    if (result_.already_finished && folder_->has("metrics.json") && folder_->has("report.html")) return result_;
    if (!trained_) return result_;  // stopped before there was a model to report on
    folder_->write_metrics_json(metrics_json(result_));
    write_report(result_.stop_reason);
    return result_;
  }

  static constexpr const char* kAllEpochs = "reached max_epochs";
  static constexpr double kReportEvery = 10;  // seconds, so that reports cost little however short the epochs are

  Exec& ex_;
  const RunConfig& config_;
  const TrainOptions& options_;
  Progress& progress_;
  Corpus corpus_;
  Extractor extractor_;
  TrainingData data_;
  std::optional<TrainedModel> trained_;
  std::vector<EngineOfSize> engines_;
  std::string environment_;         // the content of env.json
  std::optional<Network> network_;  // the model as trained since it was last saved
  std::optional<Optimizer> optimizer_;
  std::optional<Batches> batches_;
  std::optional<Evaluator> evaluator_;
  std::optional<Stepper> stepper_;
  EarlyStopping stopping_;
  Plateau plateau_;
  TrainingState state_;
  std::string finished_;              // why training ended; empty: still training
  std::optional<ResumePoint> point_;  // the checkpoint that this process resumed from
  Index first_step_ = 0;              // of this process in the current epoch
  Clock::time_point batch_began_{};   // the batch that is computed with
  Clock::time_point began_{};         // when the current epoch began in this process
  std::unique_ptr<RunFolder> folder_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::optional<Scores> scores_;  // of the best epoch that this process saw
  int scores_epoch_ = 0;
  std::time_t started_ = std::time(nullptr);  // when this process started
  int resumed_from_ = 0;                      // epoch; 0: it started from scratch
  Clock::time_point reported_{};
  bool dev_;
  TrainResult result_;
};

}  // namespace

TrainResult train(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress) {
  log::set_file("");  // closes the log of an earlier run in this process
  try {
    const RunConfig resolved = with_files_of_corpus(config);
    return Run(ex, resolved, options, progress)();
  } catch (const Error& e) {  // recorded in train.log too, then rethrown to main
    log::record(std::string("error: ") + e.what());
    throw;
  }
}

}  // namespace cutract
