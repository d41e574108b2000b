#include "train/trainer.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "train/compare_devices.h"
#include "train/course.h"
#include "train/journal.h"
#include "train/learner.h"
#include "train/requests.h"
#include "train/run_summary.h"
#include "train/session.h"

namespace cutract {
namespace {

std::string saved_text(int epoch) { return fmt::format("Epoch {} is saved", epoch); }

TrainResult finish(TrainResult result, const Course& course, const Requests& requests, Journal& journal,
                   Learner* learner) {
  result.signal = requests.signal();
  result.epochs = course.state.epoch;
  result.best_epoch = course.state.best_epoch;
  result.best_val_loss = course.state.best_val_loss;
  result.stop_reason = result.signal ? fmt::format("stopped by signal {}", result.signal) : course.why();
  if (result.saved.empty() && course.state.epoch > 0) result.saved = saved_text(course.state.epoch);
  journal.finish(learner, result);
  return result;
}

// Trains nothing. Writes the results that are missing if a process was killed after its last checkpoint.
TrainResult already_finished(const Course& course, const Requests& requests, Journal& journal, Learner* learner,
                             const std::string& run_dir) {
  const TrainResult result = finish({.already_finished = true}, course, requests, journal, learner);
  log::info(fmt::format("{}: finished at epoch {} ({}); nothing to do. To train longer, {}", run_dir,
                        course.state.epoch, course.why(), course.how_to_train_longer()));
  return result;
}

// Trains until the course is finished or a stop is asked for.
void run_epochs(const Session& session, Course& course, const Requests& requests, Learner& learner, Journal& journal,
                Progress& progress, TrainResult& result) {
  const auto save_within = [&](Index step, Index of) {
    if (journal.save_within(learner))
      log::info(fmt::format("saved epoch {} up to step {} of {}; still training", course.state.epoch + 1, step, of));
  };
  progress.start(course.state.epoch + 1, session.epochs(), static_cast<long>(session.data.train.frames()));
  while (!course.finished() && requests.signal() == 0) {
    Learner::Epoch epoch = learner.epoch(progress, save_within);
    if (!epoch.complete) {
      if (!epoch.progressed) return;
      result.frames += epoch.frames;
      if (journal.save_within(learner))
        result.saved =
            fmt::format("Epoch {} is saved up to step {} of {}", course.state.epoch + 1, epoch.step, epoch.of);
      return;
    }
    epoch.record.val = &epoch.val;
    journal.add(learner, epoch);
    result.saved = saved_text(course.state.epoch);
    result.frames += epoch.frames;
    log_epoch(epoch.record, course.state.best_val_loss, course.state.best_epoch, progress);
    if (epoch.rate_fell) log::info(fmt::format("learning rate reduced to {:.3g}", learner.lr()));
  }
}

TrainResult run(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress) {
  Session session(ex, config, options.fast_dev_run);
  Course course(config, session.epochs());
  Requests requests(options);
  const std::unique_ptr<Journal> journal =
      options.fast_dev_run > 0 ? no_journal() : run_journal(ex, options, session, course);
  const auto nothing_to_do = [&](Learner* learner) {
    return already_finished(course, requests, *journal, learner, options.run_dir);
  };
  if (journal->complete(true)) return nothing_to_do(nullptr);
  try {
    session.load(ex, [&] { requests.give_up_if_asked(); });
  } catch (const Requests::Stopped&) { return finish({}, course, requests, *journal, nullptr); }
  if (!session.data.skipped.empty())
    log::warn(
        fmt::format("skipped {}{}", counted(std::ssize(session.data.skipped), "utterance"), journal->where_skipped()));
  const bool complete = journal->complete(false);
  Learner learner(ex, session, course, requests, journal->point(),
                  options);  // throws if the checkpoint belongs to different data
  if (complete) return nothing_to_do(&learner);
  journal->start();
  session.normalise(ex, learner.trained());
  if (course.finished()) return nothing_to_do(&learner);
  if (options.check_device) check_device(ex, config, learner.trained().model, session.data.train.examples);
  learner.prepare();
  TrainResult result;
  const auto began = std::chrono::steady_clock::now();
  try {
    run_epochs(session, course, requests, learner, *journal, progress, result);
  } catch (const Error& e) {
    journal->failed(learner, e.what());
    throw;
  }
  progress.finish();
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return finish(result, course, requests, *journal, &learner);
}

}  // namespace

TrainResult train(Exec& ex, const RunConfig& config, const TrainOptions& options, Progress& progress) {
  log::set_file("");  // closes the log of an earlier run in this process
  try {
    const RunConfig resolved = with_files_of_corpus(config);
    return run(ex, resolved, options, progress);
  } catch (const Error& e) {  // recorded in train.log too, then rethrown to main
    log::record(std::string("error: ") + e.what());
    throw;
  }
}

}  // namespace cutract
