#include "train/training_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "features/dataset/batcher.h"
#include "features/dataset/corpus_features.h"
#include "features/dataset/missing_targets.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/shell_quoted.h"
#include "host/core/text.h"

namespace cutract {

RunConfig with_files_of_corpus(RunConfig config) {
  if (reads_files(config.features)) config.features = with_files_of(config.features, open_corpus(config.data));
  return config;
}

Corpus open_corpus(const DataConfig& data) {
  if (!std::filesystem::exists(data.corpus + "/corpus.toml"))
    fail(Fault::io,
         data.corpus + ": is not a corpus folder, because it has no corpus.toml; name one with --set data.corpus=DIR");
  Corpus corpus = read_corpus(data.corpus, {.channel = data.channel});
  corpus.fill_gaps_ms = data.fill_gaps_ms;
  return corpus;
}

double minutes(Index frames, double step_s) { return static_cast<double>(frames) * step_s / 60; }

std::vector<std::vector<int>> batches_of_epoch(const Dataset& data, const RunConfig& config, int epochs_done,
                                               const std::string& order_key) {
  const TrainerConfig& t = config.trainer;
  return training_batches(data.lengths(), t.batch_size, static_cast<std::uint64_t>(t.seed), epochs_done, order_key,
                          t.bucket_batches);
}

std::vector<std::vector<int>> first_batches(const Dataset& data, const RunConfig& config, int count) {
  auto longest = ordered_batches(data.lengths(), config.trainer.batch_size);
  longest.resize(std::min(longest.size(), static_cast<std::size_t>(count)));
  return longest;
}

namespace {

// Says what is missing in the targets of a split, and refuses one from which nothing can be learned or scored.
void log_gaps(const Dataset& data, const Corpus& corpus, const std::string& split, bool trains) {
  const MissingTargets missing = missing_targets(data.examples);
  expect_measured(missing, corpus.channels, corpus.dir, split, trains);
  if (data.filled.gaps > 0)
    log::info(fmt::format("{}: filled {} with {}; the longest lasts {:.4g} ms", split, counted(data.filled.gaps, "gap"),
                          counted(data.filled.values, "value"), data.filled.longest_ms));
  if (missing.missing == 0) return;
  std::string text = fmt::format("{}: {} and left out of loss, statistics and scores", split, missing_text(missing));
  if (missing.utterances > 0)
    text += fmt::format("; {} without any measured value", counted(missing.utterances, "utterance"));
  log::info(text);
  if (const std::string lacking = lacking_text(missing, corpus.channels); !lacking.empty())
    log::warn(fmt::format("{}: never measured: {}", split, lacking));
}

}  // namespace

TrainingData load_training_data(Exec& ex, const RunConfig& config, const Corpus& corpus, const Extractor& extractor,
                                const std::function<void()>& loading) {
  TrainingData out;
  const auto load = [&](const std::string& split) {
    Dataset data = load_dataset(ex, corpus, split, extractor, config.data.skip_bad, [&](int, int) { loading(); });
    out.skipped.insert(out.skipped.end(), data.skipped.begin(), data.skipped.end());
    if (data.examples.empty())
      fail(Fault::data,
           fmt::format("{}: split \"{}\" has no usable utterances; check it with `cutract corpus check {}`", corpus.dir,
                       split, shell_quoted(corpus.dir)));
    log::info(fmt::format("{}: {}, {} ({:.1f} min), {}, {}", split, counted(std::ssize(data.examples), "utterance"),
                          counted(data.frames(), "frame"), minutes(data.frames(), extractor.step_s()),
                          counted(extractor.dim(), "feature"), counted(std::ssize(corpus.channels), "channel")));
    log_gaps(data, corpus, split, split == config.data.train_split);
    return data;
  };
  out.train = load(config.data.train_split);
  out.val = load(config.data.val_split);
  out.features = fit_features(ex, config.data.normalise_features, out.train, extractor.columns());
  out.targets = fit_targets(ex, config.data.normalise_targets, out.train);
  for (const Index c : out.targets.constant_columns())
    log::warn(fmt::format("channel {} is constant in the training data; it cannot be learned",
                          corpus.channels[static_cast<std::size_t>(c)].name));
  return out;
}

}  // namespace cutract
