#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/scored_runs.h"
#include "host/core/fields.h"
#include "host/core/log.h"
#include "host/corpus/folds.h"
#include "model/run_config.h"

namespace cutract::cli {
namespace {

FoldPlan plan_of(const CvArgs& a) {
  FoldPlan plan{
      .by = a.by.value_or(GroupBy::sentence), .count = a.folds.value_or(5), .val_share = a.val, .seed = a.split_seed};
  if (!a.leave_out.empty()) {
    plan.by = GroupBy::speaker;
    plan.count = 0;
  }
  return plan;
}

// A value of --set as TOML.
std::string setting(const std::string& key, const std::string& text) { return key + "=" + quoted(text); }

TrainArgs training_of(const CvArgs& a, const std::string& corpus, const std::string& folder) {
  TrainArgs t;
  t.config = a.config;
  t.set = a.set;
  t.set.push_back(setting("data.corpus", corpus));
  for (const char* split : {"train", "val", "test"})
    t.set.push_back(setting(fmt::format("data.{}_split", split), split));
  t.seed = a.seed;
  t.out = folder;
  t.device = a.device;
  t.skip_bad = a.skip_bad;
  t.quiet = a.quiet;
  return t;
}

std::string title_of(const CvArgs& a, const FoldPlan& plan, std::size_t folds) {
  return fmt::format("Cross-validation of {}: {} folds by {}", a.config.empty() ? "the default settings" : a.config,
                     folds, name_of(plan.by));
}

}  // namespace

int run(const CvArgs& a) {
  if (a.quiet) log::set_level(log::Level::quiet);
  const RunConfig config = read_run_config(a.config, a.set);
  const Corpus corpus = read_corpus(config.data.corpus, {.channel = config.data.channel});
  const FoldPlan plan = plan_of(a);
  const std::vector<Fold> folds = plan_folds(corpus, plan);
  ScoredRuns all{
      title_of(a, plan, folds.size()),
      "fold",
      {},
      "Each fold was scored by a model that was trained without it. The names link to the reports of the trainings."};
  for (const Fold& fold : folds) {
    log::info(fmt::format("fold {} of {}: {}", all.runs.size() + 1, folds.size(), fold.name));
    const std::string divided = fmt::format("{}/corpora/{}", a.out, fold.name);
    write_with_splits(corpus, fold.splits, divided);
    const TrainArgs training = training_of(a, divided, fmt::format("{}/runs/{}", a.out, fold.name));
    if (const int code = train_and_score(training, fold.name, all); code != 0) return code;
  }
  report_runs(all, a.out, "cv");
  return 0;
}

}  // namespace cutract::cli
