#include "train/run_summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"

namespace cutract {

void log_engines(const Exec& ex, const RunConfig& config, std::span<const EngineOfSize> engines) {
  if (std::holds_alternative<GpuExec>(ex)) {
    for (const auto& [request, choice] : engines)
      log::info(fmt::format("lstm: {} engine ({}): {}", name_of(choice.engine), describe(request), choice.why));
    return;
  }
  if (config.trainer.precision != Precision::fp32)
    log::warn(fmt::format("trainer.precision is {}: the CPU computes in fp32", name_of(config.trainer.precision)));
  if (config.trainer.engine != LstmEngine::automatic)
    log::warn(fmt::format("trainer.engine is {}: ignored on the CPU, which has a single engine",
                          name_of(config.trainer.engine)));
}

void log_epoch(const EpochRecord& r, double best_val_loss, int best_epoch, Progress& progress) {
  const Scores& val = *r.val;
  log::record(fmt::format("epoch {}: loss {:.6g}, val_loss {:.6g}, lr {:.3g}, {:.1f} s", r.epoch, r.train_loss,
                          val.loss, r.lr, r.seconds));
  progress.epoch_done(
      {val.loss, best_val_loss, best_epoch,
       fmt::format("pearson {}  {:.1f} s", val.pearson ? fmt::format("{:.4f}", *val.pearson) : "undefined", r.seconds),
       val.rmse, val.pearson, r.seconds});
}

std::string metrics_json(const TrainResult& r) {
  nlohmann::ordered_json json{
      {"epochs", r.epochs},           {"best_epoch", r.best_epoch},           {"best_val_loss", r.best_val_loss},
      {"stop_reason", r.stop_reason}, {"best_checkpoint", r.best_checkpoint}, {"frames", r.frames},
      {"seconds", r.seconds}};
  if (r.best_epoch == 0) json["best_val_loss"] = nullptr;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string how_to_train_longer(const EarlyStopping& stopping, int epoch, int max_epochs) {
  std::string out;
  if (stopping.should_stop())
    out = fmt::format("raise trainer.early_stopping_patience above {} (0: never stop early)", stopping.state().waited);
  if (epoch >= max_epochs) out += fmt::format("{}raise trainer.max_epochs above {}", out.empty() ? "" : " and ", epoch);
  return out;
}

void expect_finite_steps(const StepRecord& done, const std::vector<std::vector<int>>& order, const Dataset& data,
                         int epoch, const RunConfig& config) {
  if (done.first_bad < 0) return;
  std::string ids;
  for (const int i : order[static_cast<std::size_t>(done.first_bad)])
    ids += (ids.empty() ? "" : " ") + data.examples[static_cast<std::size_t>(i)].id;
  log::warn(
      fmt::format("epoch {}: skipped {} of {} because the loss or gradient was not finite; the first was batch {} ({})",
                  epoch, done.batches - done.taken, counted(done.batches, "step"), done.first_bad + 1, ids));
  if (done.longest_row >= config.trainer.max_nonfinite_steps)
    fail(Fault::diverged,
         fmt::format(
             "training diverged in epoch {}: loss or gradient was not finite in {} in a row; try a smaller optim.lr or "
             "trainer.gradient_clip_val; earlier checkpoints are kept",
             epoch, counted(done.longest_row, "step")));
}

}  // namespace cutract
