#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/voice.h"
#include "eval/prediction.h"
#include "eval/report/history.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "kernels/lstm/engine_error.h"
#include "model/evaluator.h"
#include "train/run_report.h"
#include "train/run_summary.h"

namespace cutract::cli {
namespace {

void expect_channels(const Corpus& corpus, const TrainedModel& m, const std::string& model) {
  const auto same = [](const Channel& a, const Channel& b) { return a.name == b.name && a.unit == b.unit; };
  if (std::equal(corpus.channels.begin(), corpus.channels.end(), m.channels.begin(), m.channels.end(), same)) return;
  const auto names = [](const std::vector<Channel>& channels) {
    std::string out;
    for (const auto& c : channels) out += (out.empty() ? "" : " ") + c.name;
    return out;
  };
  fail(Fault::data, fmt::format("{}: its channels ({}) are not those of {} ({}); choose the corpus it was trained on",
                                model, names(m.channels), corpus.dir, names(corpus.channels)));
}

// Returns a split's name as part of a file name.
std::string file_name(std::string split) {
  std::replace(split.begin(), split.end(), '/', '_');
  return split;
}

// The page also shows the curves of the training if MODEL is in a run folder.
void write_report(const EvalArgs& a, Report r, const TrainedModel& m, const Scores& scores) {
  const std::string& checkpoint = m.checkpoint;
  r.title = fmt::format("Evaluation of {}, epoch {}, on split {}", a.model, m.epoch, scores.split);
  r.summary = "Checkpoint " + checkpoint + ".";
  if (const auto parent = std::filesystem::absolute(checkpoint).parent_path(); parent.filename() == "checkpoints")
    r.epochs = read_history(parent.parent_path().string());
  r.scores = scores;
  r.scores_title = "Scores on split " + scores.split;
  make_folder(a.report);
  const std::string page = fmt::format("{}/eval-{}.html", a.report, file_name(scores.split));
  write_output(real_file_system(), page, html_report(r));
  log::info("report: " + page);
}

bool is_corpus(const std::string& dir) { return !dir.empty() && std::filesystem::exists(dir + "/corpus.toml"); }

// Returns where the corpus was when the run was trained: the config may hold a path relative to the working folder at
// that time. Returns "" if the model is not in its run folder.
std::string corpus_path_of_training(const std::string& model) {
  for (const char* up : {"/env.json", "/../../env.json"}) {
    const std::string path = model + up;
    if (!std::filesystem::is_regular_file(path)) continue;
    const auto env = nlohmann::json::parse(read_file(path), nullptr, false);
    if (env.is_object() && env.contains("corpus_path") && env["corpus_path"].is_string()) return env["corpus_path"];
  }
  return "";
}

std::string corpus_folder(const EvalArgs& a, const TrainedModel& m) {
  if (!a.corpus.empty()) return a.corpus;
  if (is_corpus(m.config.data.corpus)) return m.config.data.corpus;
  const std::string trained_on = corpus_path_of_training(a.model);
  if (is_corpus(trained_on)) return trained_on;
  fail(Fault::io,
       fmt::format("{}: the corpus that {} was trained on was not found here{}; give its folder with --corpus DIR",
                   m.config.data.corpus, a.model, trained_on.empty() ? "" : ", nor at " + trained_on));
}

// Returns how training would compute with this model here, which depends on the size of the batches. A GPU that lacks
// the engine which the config names scores with others.
Compute compute_for(const Exec& ex, RunConfig config) {
  try {
    log_engines(ex, config, choose_engines(ex, config));
  } catch (const EngineRefused&) {
    const LstmEngine asked = std::exchange(config.trainer.engine, LstmEngine::automatic);
    for (const auto& [request, choice] : choose_engines(ex, config))
      log::warn(fmt::format("trainer.engine is {}, which this GPU cannot run; scoring with engine {}", name_of(asked),
                            name_of(choice.engine)));
  }
  return compute(config);
}

}  // namespace

int run(const EvalArgs& a) {
  if (a.report == "-") fail(Fault::usage, "--report -: a report is a page in a folder; name the folder");
  if (a.predictions == "-") fail(Fault::usage, "--predictions -: there is a file for each utterance; name a folder");
  const TrainedModel m = load_model(a.model);
  Exec ex = choose_device(a.device, m.config.trainer.threads);
  Corpus corpus = read_corpus(corpus_folder(a, m), {.channel = m.config.data.channel});
  corpus.fill_gaps_ms = m.config.data.fill_gaps_ms;
  expect_channels(corpus, m, a.model);
  const std::string split = a.split.empty() ? m.config.data.test_split : a.split;
  const Extractor extractor(m.config.features);
  Dataset data = load_dataset(ex, corpus, split, extractor, a.skip_bad || m.config.data.skip_bad);
  for (const auto& s : data.skipped) log::warn(s.id + " skipped: " + s.reason);
  std::vector<Matrix> measured;
  if (!a.report.empty() || !a.predictions.empty())
    for (const auto& e : data.examples) measured.push_back(e.targets);
  normalise(ex, data, features_for_split(ex, data, m, a, corpus, split), m.targets);
  Network network(ex, m.model, compute_for(ex, m.config), Mode::inference);
  const std::vector<Matrix> predicted = run_model(ex, network, data.examples, m.config.trainer.batch_size);
  Scores scores = evaluate(data, predicted, m.channels, split, m.config);
  scores.frame_step_s = extractor.step_s();
  if (!a.predictions.empty()) {
    make_folder(a.predictions);
    for (std::size_t i = 0; i < predicted.size(); ++i) {
      const Example& e = data.examples[i];
      write_output(real_file_system(), fmt::format("{}/{}.npz", a.predictions, e.id),
                   movement_npz({e.id,
                                 extractor.first_centre_s(),
                                 extractor.step_s(),
                                 movement_of(e, measured[i], predicted[i], extractor).predicted,
                                 {{"speaker", e.speaker}}},
                                measured[i], m.channels));
    }
  }
  const Provenance origin = provenance(m, a.model, corpus, data);
  if (!a.report.empty()) {
    Report r = describe(m, ex);
    r.traces = telling_traces(data, measured, predicted, extractor);
    add_texts(r.traces, corpus);
    write_report(a, std::move(r), m, scores);
  }
  if (a.json == "-") {
    print_result(scores_json(scores, &origin));
    return 0;
  }
  if (a.print) print_result(scores_table(scores, colour_on_stdout()));
  if (!a.json.empty()) write_output(real_file_system(), a.json, scores_json(scores, &origin));
  return 0;
}

}  // namespace cutract::cli
