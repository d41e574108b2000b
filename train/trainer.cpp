#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/batcher.h"
#include "host/run/checkpoints.h"
#include "host/run/early_stopping.h"
#include "train/checkpoint.h"
#include "train/compare_devices.h"
#include "train/evaluate.h"
#include "train/run_folder.h"
#include "train/run_report.h"
#include "train/stepper.h"
#include "train/training_data.h"

namespace cutract {
namespace {

// One run: what is loaded once, what changes every epoch.
class Run {
 public:
  Run(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress)
      : ex_(ex),
        config_(config),
        options_(options),
        progress_(progress),
        corpus_(read_corpus(config.data.corpus, {.channel = config.data.channel})),
        extractor_(config.features),
        stopping_(config.trainer.early_stopping_patience, config.trainer.min_delta),
        plateau_(config.schedule, config.optim.lr),
        dev_(options.fast_dev_run > 0) {}

  TrainResult operator()() {
    if (!dev_) check_run_folder(options_.run_dir);  // before the data are loaded, which may take long
    try {
      data_ = load_training_data(ex_, config_, corpus_, extractor_, [this] {
        if (stop_asked()) throw Stopped{};
      });
    } catch (const Stopped&) { return finish(); }
    make_model();
    if (!dev_) open_folder();
    normalise(ex_, data_.train, trained_->features, trained_->targets);
    normalise(ex_, data_.val, trained_->features, trained_->targets);
    if (dev_)
      data_.val.examples.resize(std::min(
          data_.val.examples.size(),
          static_cast<std::size_t>(options_.fast_dev_run) * static_cast<std::size_t>(config_.trainer.batch_size)));
    if (!state_.finished.empty() || state_.epoch >= config_.trainer.max_epochs) return already_finished();
    prepare();
    const int epochs = dev_ ? 1 : config_.trainer.max_epochs;
    progress_.start(state_.epoch + 1, epochs, static_cast<long>(data_.train.frames()));
    const auto began = Clock::now();
    try {
      while (state_.epoch < epochs && state_.finished.empty() && result_.signal == 0) epoch();
    } catch (const Error& e) {
      if (!dev_) write_report(std::string("ended by an error: ") + e.what());
      throw;
    }
    progress_.finish();
    result_.seconds = seconds_since(began);
    return finish();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

  struct Stopped {};  // a signal came while data were loaded
  bool stop_asked() {
    if (options_.stop_signal) result_.signal = options_.stop_signal();
    return result_.signal != 0;
  }

  void make_model() {
    const ModelShape shape{extractor_.dim(), config_.model.hidden, config_.model.layers,
                           static_cast<Index>(corpus_.channels.size())};
    trained_.emplace(TrainedModel{config_, Model(shape, static_cast<float>(config_.model.dropout)), data_.features,
                                  data_.targets, corpus_.channels, corpus_.name, extractor_.hash(), 0, 0});
    trained_->model.initialise(static_cast<std::uint64_t>(config_.trainer.seed));
    engine_ = choose_engine(ex_, lstm_request(config_));
    make_network();
    say_how_it_computes();
    optimizer_.emplace(ex_, config_.optim, trained_->model.size());
    state_.config = write_run_config(config_);
    state_.corpus_hash = corpus_.hash;
    state_.data_hash = data_.hash();
    log::info(fmt::format("model: {} x {} Bi-LSTM, {} parameters", config_.model.layers, config_.model.hidden,
                          trained_->model.size()));
  }

  void make_network() { network_.emplace(ex_, trained_->model, precision(config_), engine_.engine); }

  void say_how_it_computes() const {
    if (std::holds_alternative<GpuExec>(ex_))
      return log::info(fmt::format("lstm: {} engine ({}): {}", name_of(engine_.engine), describe(lstm_request(config_)),
                                   engine_.why));
    if (precision(config_) != Precision::fp32)
      log::warn("trainer.precision is " + config_.trainer.precision + ": the CPU computes in fp32");
    if (config_.trainer.engine != "auto")
      log::warn("trainer.engine is " + config_.trainer.engine + ": the CPU has one engine of its own");
  }

  void open_folder() {
    folder_ = std::make_unique<RunFolder>(options_.run_dir);
    checkpoints_ =
        std::make_unique<Checkpoints>(folder_->files(), folder_->checkpoints(), config_.trainer.save_top_k);
    if (options_.resume == Resume::never && checkpoints_->any())
      fail(Fault::usage, options_.run_dir +
                             ": holds the checkpoints of an earlier run, and --resume never would lose "
                             "them; choose another --out, or delete the folder");
    if (!options_.resume_from.empty())
      resume(options_.resume_from, read_checkpoint(options_.resume_from));
    else if (const auto last = checkpoints_->newest_intact())
      resume(last->folder, last->files);
    log::set_file(folder_->path() + "/train.log");
    folder_->write_config(config_);
    folder_->write_environment(config_, corpus_.hash, ex_, engine_);
    if (!data_.skipped.empty()) folder_->write_skipped(data_.skipped);
    folder_->start_metrics(state_.epoch, corpus_.channels);
  }

  void resume(const std::string& checkpoint, const Checkpoints::Files& files) {
    const auto file = [&](const char* name) {
      const auto it = files.find(name);
      if (it == files.end())
        fail(Fault::data, checkpoint + ": holds no " + name + "; choose another checkpoint to resume from");
      return it->second;
    };
    const SavedState saved = decode_state(file("state.safetensors"), checkpoint + "/state.safetensors");
    TrainingState was = saved.state;
    if (const std::string d = difference_in_learning(parse_run_config(was.config, checkpoint), config_); !d.empty())
      fail(Fault::config,
           fmt::format("{}: was trained with another config ({}); choose another --out to start anew", checkpoint, d));
    if (was.corpus_hash != corpus_.hash)
      fail(Fault::config, fmt::format("{}: was trained on another corpus than {}; choose another --out to start anew",
                                      checkpoint, corpus_.dir));
    if (was.data_hash != state_.data_hash)
      fail(Fault::config,
           fmt::format("{}: was trained on other utterances, or other lengths of them, than {} holds now; "
                       "choose another --out to start anew",
                       checkpoint, corpus_.dir));
    saved.restore(ex_, *optimizer_, checkpoint + "/state.safetensors");
    // With the statistics that its weights belong to, even where those of the data as they are now differ.
    const std::string fitted = trained_->features.hash() + trained_->targets.hash();
    trained_ = decode_model(file("model.safetensors"), checkpoint + "/model.safetensors");
    trained_->config = config_;
    make_network();
    if (trained_->features.hash() + trained_->targets.hash() != fitted)
      log::warn(checkpoint + ": the data's statistics are no longer those it was trained with; going on with its own");
    plateau_.restore(was.plateau);
    stopping_.restore(was.stopping);
    was.config = state_.config;
    state_ = was;
    resumed_from_ = state_.epoch;
    // A run that ended because it reached max_epochs goes on if there are more now; one that stopped early has ended.
    if (state_.finished == kAllEpochs && state_.epoch < config_.trainer.max_epochs) state_.finished.clear();
    log::info(fmt::format("resuming from {} (epoch {})", checkpoint, state_.epoch));
  }

  // Both splits to where they are computed with, and memory for their largest batches: what is short is missed now.
  void prepare() {
    if (options_.check_device) check_device(ex_, config_, trained_->model, data_.train.examples);
    batches_.emplace(ex_, data_.train.examples, config_.trainer.batch_size);
    evaluator_.emplace(ex_, data_.val, config_.trainer.batch_size);
    network_->reserve(ex_, std::max(batches_->most_rows(), evaluator_->most_rows()));
    stepper_.emplace(ex_, *network_, *optimizer_, *batches_,
                     StepConfig{loss_kind(config_), config_.trainer.gradient_clip_val,
                                static_cast<std::uint64_t>(config_.trainer.seed)});
  }

  std::vector<std::vector<int>> batches() const {
    const std::vector<std::int32_t> lengths = data_.train.lengths();
    if (!dev_)
      return training_batches(lengths, config_.trainer.batch_size, static_cast<std::uint64_t>(config_.trainer.seed),
                              state_.epoch, corpus_.hash, config_.trainer.bucket_batches);
    auto longest =
        ordered_batches(lengths, config_.trainer.batch_size);  // so that memory runs out in the first seconds
    longest.resize(std::min(longest.size(), static_cast<std::size_t>(options_.fast_dev_run)));
    return longest;
  }

  void epoch() {
    EpochRecord record{.epoch = state_.epoch + 1, .lr = plateau_.lr()};
    const auto began = Clock::now();
    const auto order = batches();
    stepper_->begin_epoch(order, plateau_.lr());
    for (Index i = 0; i < std::ssize(order); ++i) {
      stepper_->step();
      if (stop_asked()) return;
      const StepRecord& seen = stepper_->seen();
      if (seen.in_a_row >= config_.trainer.max_nonfinite_steps) break;
      progress_.step(static_cast<long>(batches_->frames(i)), seen.loss, plateau_.lr());
    }
    const StepRecord done = stepper_->wait();
    report_nonfinite(done, order, record.epoch);
    record.frames_per_s = static_cast<double>(done.frames) / seconds_since(began);
    record.train_loss = done.loss_sum / static_cast<double>(std::max<Index>(done.frames, 1));
    record.grad_norm = done.norm_sum / static_cast<double>(std::max<Index>(done.taken, 1));
    record.skipped_steps = static_cast<int>(done.batches - done.taken);
    record.step = done.steps;
    result_.frames += done.frames;
    validate(record, began);
  }

  // A step that was not finite changed nothing; several in a row mean that training has diverged.
  void report_nonfinite(const StepRecord& done, const std::vector<std::vector<int>>& order, int epoch) const {
    if (done.first_bad < 0) return;
    std::string ids;
    for (const int i : order[static_cast<std::size_t>(done.first_bad)])
      ids += (ids.empty() ? "" : " ") + data_.train.examples[static_cast<std::size_t>(i)].id;
    log::warn(
        fmt::format("epoch {}: loss or gradient was not finite in {} of {} steps, which were skipped; first in "
                    "batch {} ({})",
                    epoch, done.batches - done.taken, done.batches, done.first_bad + 1, ids));
    if (done.longest_row >= config_.trainer.max_nonfinite_steps)
      fail(Fault::diverged,
           fmt::format("training diverged in epoch {}: {} steps in a row were not finite; try a smaller optim.lr or "
                       "trainer.gradient_clip_val; earlier checkpoints are kept",
                       epoch, done.longest_row));
  }

  void validate(EpochRecord& record, Clock::time_point began) {
    Scores val = (*evaluator_)(ex_, *network_, corpus_.channels, config_.data.val_split, config_);
    val.frame_step_s = extractor_.step_s();
    record.val = &val;
    if (!std::isfinite(val.loss))
      fail(Fault::diverged,
           fmt::format("training diverged in epoch {}: the validation loss is {}; try a smaller optim.lr; earlier "
                       "checkpoints are kept",
                       record.epoch, val.loss));
    ++state_.epoch;
    stopping_.improved(val.loss);
    if (val.loss < state_.best_val_loss) state_.best_val_loss = val.loss, state_.best_epoch = state_.epoch;
    const bool fell = plateau_.check(val.loss);
    if (stopping_.should_stop())
      state_.finished = stopping_.reason();
    else if (state_.epoch >= config_.trainer.max_epochs)
      state_.finished = kAllEpochs;
    record.seconds = seconds_since(began);
    if (!dev_) {
      folder_->expect_ours();
      folder_->add_metrics(record);  // first: a row without its checkpoint is dropped on resume, the reverse is a gap
      save(val.loss);
    }
    report(record, val);
    if (!scores_ || state_.best_epoch == state_.epoch) scores_ = val, scores_epoch_ = state_.epoch;
    if (!dev_ && seconds_since(reported_) > kReportEvery) write_report("training in progress", true);
    if (fell) log::info(fmt::format("learning rate falls to {:.3g}", plateau_.lr()));
  }

  void save(double val_loss) {
    trained_->epoch = state_.epoch;
    trained_->val_loss = val_loss;
    network_->write_back(ex_, trained_->model);
    state_.plateau = plateau_.state();
    state_.stopping = stopping_.state();
    checkpoints_->save(state_.epoch, val_loss,
                       {{"model.safetensors", encode_model(*trained_)},
                        {"state.safetensors", encode_state(ex_, state_, *optimizer_)}});
  }

  void report(const EpochRecord& r, const Scores& val);

  // A page about a training in progress loads itself again as often as it is written.
  void write_report(const std::string& status, bool running = false) {
    Report r = describe(*trained_, ex_);
    r.title = "Training: " + options_.run_dir;
    r.epochs = folder_->history();
    double seconds = 0;
    for (const EpochPoint& e : r.epochs) seconds += e.seconds;
    r.summary = training_summary(state_.epoch, config_.trainer.max_epochs, seconds, status);
    r.refresh_s = running ? static_cast<int>(kReportEvery) : 0;
    r.facts.push_back(
        {resumed_from_ > 0 ? fmt::format("resumed after epoch {}", resumed_from_) : "started", clock_text(started_)});
    r.facts.push_back({running ? "last update" : "ended", clock_text(std::time(nullptr))});
    for (const auto& [name, data] : {std::pair{"training data", &data_.train}, {"validation data", &data_.val}})
      r.facts.push_back({name, fmt::format("{}, {:.1f} min", counted(std::ssize(data->examples), "utterance"),
                                           minutes(data->frames(), extractor_.step_s()))});
    r.scores = scores_;
    r.scores_title = fmt::format("Scores on split {}, epoch {}", config_.data.val_split, scores_epoch_);
    folder_->write_report(r);
    reported_ = Clock::now();
  }

  TrainResult already_finished() {
    log::info(fmt::format("{}: finished at epoch {} ({}); nothing to do", options_.run_dir, state_.epoch,
                          state_.finished.empty() ? kAllEpochs : state_.finished.c_str()));
    result_.already_finished = true;
    return finish();
  }

  TrainResult finish() {
    result_.epochs = state_.epoch;
    result_.best_epoch = state_.best_epoch;
    result_.best_val_loss = state_.best_val_loss;
    result_.stop_reason = result_.signal ? fmt::format("stopped by signal {}", result_.signal) : state_.finished;
    if (dev_ || !checkpoints_) return result_;
    result_.best_checkpoint = checkpoints_->best().value_or("");
    if (!result_.already_finished) {
      const nlohmann::ordered_json json{{"epochs", result_.epochs},
                                        {"best_epoch", result_.best_epoch},
                                        {"best_val_loss", result_.best_val_loss},
                                        {"stop_reason", result_.stop_reason},
                                        {"best_checkpoint", result_.best_checkpoint},
                                        {"frames", result_.frames},
                                        {"seconds", result_.seconds}};
      folder_->write_metrics_json(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
      write_report(result_.stop_reason);
    }
    return result_;
  }

  static constexpr const char* kAllEpochs = "all epochs are done";
  static constexpr double kReportEvery = 10;  // seconds: what a report costs must not count, however short the epochs

  Exec& ex_;
  const RunConfig& config_;
  const TrainOptions& options_;
  Progress& progress_;
  Corpus corpus_;
  Extractor extractor_;
  TrainingData data_;
  std::optional<TrainedModel> trained_;
  LstmChoice engine_{};
  std::optional<Network> network_;  // what the model has become since it was last saved
  std::optional<Optimizer> optimizer_;
  std::optional<Batches> batches_;
  std::optional<Evaluator> evaluator_;
  std::optional<Stepper> stepper_;
  EarlyStopping stopping_;
  Plateau plateau_;
  TrainingState state_;
  std::unique_ptr<RunFolder> folder_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::optional<Scores> scores_;  // of the best epoch that this process saw
  int scores_epoch_ = 0;
  std::time_t started_ = std::time(nullptr);  // this process
  int resumed_from_ = 0;                      // epoch; 0: it started from scratch
  Clock::time_point reported_{};
  bool dev_;
  TrainResult result_;
};

void Run::report(const EpochRecord& r, const Scores& val) {
  log::record(fmt::format("epoch {}: loss {:.6g}, val_loss {:.6g}, lr {:.3g}, {:.1f} s", r.epoch, r.train_loss,
                          val.loss, r.lr, r.seconds));
  progress_.epoch_done(
      {val.loss, state_.best_val_loss, state_.best_epoch,
       fmt::format("pearson {}  {:.1f} s", val.pearson ? fmt::format("{:.4f}", *val.pearson) : "undefined", r.seconds),
       val.rmse, val.pearson, r.seconds});
}

}  // namespace

TrainResult train(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress) {
  log::set_file("");  // that of an earlier run in this process
  try {
    return Run(ex, config, options, progress)();
  } catch (const Error& e) {  // into train.log too, then on to main
    log::record(std::string("error: ") + e.what());
    throw;
  }
}

}  // namespace cutract
