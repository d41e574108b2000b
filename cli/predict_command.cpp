#include <fmt/format.h>

#include <algorithm>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "eval/html_report.h"
#include "eval/prediction.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "train/evaluate.h"

namespace cutract::cli {
namespace {

// One file's result in the format asked for.
std::string encode(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels) {
  return a.format == "csv"   ? prediction_csv(p, channels)
         : a.format == "npz" ? prediction_npz(p, channels)
                             : prediction_json(p, channels);
}

// One of several results that follow each other on standard output: rows of one table, or an object per line.
std::string encode_next(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels, bool first) {
  return a.format == "csv" ? prediction_csv_rows(p, channels, first) : prediction_json_line(p, channels);
}

// Whose statistics turned features into z and z into movement.
std::string statistics_text(const PredictArgs& a, const TrainedModel& m) {
  const auto name = [&a](Scope scope) -> std::string {
    if (scope == Scope::utterance) return "this recording";
    if (scope == Scope::corpus) return "the training data";
    return a.speaker.empty() ? "all training speakers" : "speaker " + a.speaker;
  };
  // Movement has no measured utterance to take statistics from.
  const std::string movement = m.targets.scope() == Scope::utterance ? "the training data" : name(m.targets.scope());
  return fmt::format("features: {}; movement: {}", name(m.features.scope()), movement);
}

std::string plot(const PredictArgs& a, const Prediction& p, const TrainedModel& m) {
  Report r;
  r.title = "Predicted movement: " + p.audio;
  r.summary =
      fmt::format("Predicted by model {}: {} at {:g} Hz.", a.model, counted(p.values.rows, "frame"), 1 / p.step_s);
  r.facts = {{"model", fmt::format("{}, epoch {}", m.checkpoint.empty() ? a.model : m.checkpoint, m.epoch)},
             {"trained on", m.corpus_name},
             {"statistics", statistics_text(a, m)}};
  r.channels = m.channels;
  r.traces = {{"", p.first_s, p.step_s, p.values, {}}};
  return html_report(r);
}

void check_output(const PredictArgs& a, const AudioInputs& inputs) {
  if (a.out != "-") return;
  if (inputs.several && a.format == "npz")
    fail(Fault::usage, "--format npz: standard output takes a single archive; use --out DIR for several files");
  if (a.plot) fail(Fault::usage, "--plot: writes a page beside each result, and --out - has no folder; use --out DIR");
}

void check_speaker(const PredictArgs& a, const TrainedModel& m) {
  if (a.speaker.empty()) return;
  constexpr std::size_t kNamed = 20;
  std::vector<std::string> known = m.targets.speakers();
  const std::vector<std::string> heard = m.features.speakers();
  if (known.empty()) known = heard;
  std::erase_if(known, [&](const auto& s) { return !m.features.knows(s) || !m.targets.knows(s); });
  if (std::find(known.begin(), known.end(), a.speaker) != known.end()) return;
  if (known.empty())
    fail(Fault::usage,
         fmt::format("--speaker {}: this model has no statistics of single speakers; leave --speaker out", a.speaker));
  std::string names;
  for (std::size_t i = 0; i < std::min(known.size(), kNamed); ++i) names += (i > 0 ? ", " : "") + known[i];
  if (known.size() > kNamed) names += fmt::format(" and {} more", known.size() - kNamed);
  fail(Fault::usage, fmt::format("--speaker {}: not a speaker of this model's training data, which are {}; leave "
                                 "--speaker out for anyone else",
                                 a.speaker, names));
}

}  // namespace

int run(const PredictArgs& a) {
  const bool to_stdout = a.out == "-";
  const AudioInputs inputs = audio_inputs(a.audio, a.list);
  check_output(a, inputs);
  const TrainedModel m = load_model(a.model);
  check_speaker(a, m);
  const bool by_speaker = m.targets.scope() == Scope::speaker || m.features.scope() == Scope::speaker;
  const std::vector<std::string> paths =
      to_stdout ? std::vector<std::string>(inputs.files.size()) : output_paths(inputs.files, a.out, a.format);
  Exec ex = choose_device(a.device, m.config.trainer.threads);
  if (by_speaker && a.speaker.empty())
    log::info("normalised with the statistics of all training speakers; --speaker NAME takes those of one");
  Network network(ex, m.model, precision(m.config));
  const Extractor extractor(m.config.features);
  const std::vector<std::string> plots =
      a.plot ? output_paths(inputs.files, a.out, "html") : std::vector<std::string>();
  if (!to_stdout) make_folder(a.out);
  bool first = true;
  for_each_input(inputs, [&](std::size_t i) {
    const AudioInput& input = inputs.files[i];
    const Audio audio = read_input(input, {.channel = m.config.data.channel});
    Frames features = extractor.from_audio(ex, audio.samples, audio.sample_rate);
    if (features.rows() == 0)
      fail(Fault::data, fmt::format("{}: {} samples are too short for one frame; give longer audio", input.name,
                                    audio.samples.size()));
    const Prediction p{input.name, extractor.first_centre_s(), extractor.step_s(),
                       predict(ex, m, network, std::move(features), a.speaker)};
    if (to_stdout) {
      print_result(inputs.several ? encode_next(a, p, m.channels, first) : encode(a, p, m.channels));
      first = false;
      return;
    }
    make_folder(folder_of(paths[i]));
    write_output(real_file_system(), paths[i], encode(a, p, m.channels));
    if (a.plot) write_output(real_file_system(), plots[i], plot(a, p, m));
    log::info(fmt::format("{}: {} {}, {} channels -> {}", input.name, p.values.rows,
                          p.values.rows == 1 ? "frame" : "frames", p.values.cols, paths[i]));
  });
  return 0;
}

}  // namespace cutract::cli
