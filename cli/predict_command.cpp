#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "cli/recording.h"
#include "cli/voice.h"
#include "eval/prediction.h"
#include "eval/report/html_report.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/io/atomic_file.h"
#include "host/io/npy.h"
#include "model/predictor.h"

namespace cutract::cli {
namespace {

// Formats one file's result in the requested format.
std::string encode(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels) {
  switch (a.format) {
    case PredictionFormat::csv:
      return prediction_csv(p, channels);
    case PredictionFormat::npz:
      return prediction_npz(p, channels);
    case PredictionFormat::json:
      return prediction_json(p, channels);
  }
  fail(Fault::internal, "predict: a format without a writer");
}

// Formats one of several consecutive results on standard output: rows of one table, or an object per line.
std::string encode_next(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels, bool first) {
  return a.format == PredictionFormat::csv ? prediction_csv_rows(p, channels, first)
                                           : prediction_json_line(p, channels);
}

std::string plot(const PredictArgs& a, const Prediction& p, const TrainedModel& m) {
  Report r;
  r.title = "Predicted movement: " + p.audio;
  r.summary =
      fmt::format("Predicted by model {}: {} at {:g} Hz.", a.model, counted(p.values.rows, "frame"), 1 / p.step_s);
  r.facts = {{"model", fmt::format("{}, epoch {}", m.checkpoint.empty() ? a.model : m.checkpoint, m.epoch)},
             {"trained on", m.corpus_name}};
  for (const auto& [name, text] : p.about) {
    std::string words = name;
    std::replace(words.begin(), words.end(), '_', ' ');
    r.facts.push_back({words, text});
  }
  r.channels = m.channels;
  r.traces = {{"", p.first_s, p.step_s, p.values, {}}};
  return html_report(r);
}

void check_options(const PredictArgs& a, const AudioInputs& inputs) {
  if (a.one_speaker && a.statistics == FeatureStatistics::training)
    fail(Fault::usage,
         "--one-speaker and --feature-statistics training contradict each other: the first takes the statistics of the "
         "recordings, the second those of the training data; give only one of them");
  if (a.out != "-") return;
  if (inputs.several && a.format == PredictionFormat::npz)
    fail(Fault::usage, "--format npz: standard output takes a single archive; use --out DIR for several files");
  if (a.plot) fail(Fault::usage, "--plot: writes a page beside each result, and --out - has no folder; use --out DIR");
}

// Subtracts each channel's mean, which leaves the movement around it.
void centre(Matrix& values) {
  for (Index c = 0; c < values.cols; ++c) {
    double mean = 0;
    for (Index t = 0; t < values.rows; ++t) mean += static_cast<double>(values.row(t)[c]);
    mean /= static_cast<double>(values.rows);
    for (Index t = 0; t < values.rows; ++t)
      values.row(t)[c] = static_cast<float>(static_cast<double>(values.row(t)[c]) - mean);
  }
}

// Returns what --features names, for models that read features computed elsewhere.
std::optional<Track> states_for(const PredictArgs& a, const Extractor& extractor, const AudioInputs& inputs) {
  const auto streams = extractor.streams();
  const auto file = std::find_if(streams.begin(), streams.end(), [](const StreamConfig& s) { return s.is("file"); });
  if (file == streams.end()) {
    if (a.features.empty()) return std::nullopt;
    fail(Fault::usage, fmt::format("--features {}: this model computes its features from audio alone; leave --features "
                                   "out",
                                   a.features));
  }
  const StreamOptions& o = file->options;
  if (a.features.empty())
    fail(Fault::usage,
         fmt::format("{}: this model also reads features that another program computes: {} at {:g} Hz, as "
                     "in the column features of its training corpus; give them with --features FILE.npy",
                     a.model, counted(file->base, "column"), o.rate_hz));
  if (inputs.files.size() != 1)
    fail(Fault::usage, fmt::format("--features {}: belongs to one recording, and {} are given; predict them one by one",
                                   a.features, inputs.files.size()));
  Track states{o.rate_hz, o.first_s, read_npy(a.features)};
  const Matrix& values = states.values;
  if (values.cols != file->base || values.rows == 0)
    fail(Fault::data, fmt::format("--features {}: has {} of {}, expected rows of {}", a.features,
                                  counted(values.rows, "row"), counted(values.cols, "column"), file->base));
  if (!std::all_of(values.values.begin(), values.values.end(), [](float v) { return std::isfinite(v); }))
    fail(Fault::data, fmt::format("--features {}: holds a value that is not finite", a.features));
  return states;
}

Prediction predicted(Exec& ex, const PredictArgs& a, const TrainedModel& m, const AudioInput& input,
                     const Extractor& extractor, const std::optional<Track>& states, const Voice& voice,
                     Predictor& predictor) {
  InputRecording recording = read_recording(ex, input, a, m, extractor, states ? &*states : nullptr);
  const Normaliser by = voice.features_for(input, recording.heard);
  Prediction p{input.name, extractor.first_centre_s(), extractor.step_s(),
               predictor(ex, by, voice.targets(), recording.features, a.speaker), voice.about()};
  if (a.centre) centre(p.values);
  return p;
}

}  // namespace

int run(const PredictArgs& a) {
  const bool to_stdout = a.out == "-";
  const AudioInputs inputs = audio_inputs(a.audio, a.list);
  check_options(a, inputs);
  const TrainedModel m = load_model(a.model);
  const Extractor extractor(m.config.features);
  const std::optional<Track> states = states_for(a, extractor, inputs);
  Voice voice(a, m, extractor);
  const std::vector<std::string> paths =
      to_stdout ? std::vector<std::string>(inputs.files.size()) : output_paths(inputs.files, a.out, name_of(a.format));
  Exec ex = choose_device(a.device, m.config.trainer.threads);
  voice.listen(ex, inputs);
  voice.explain();
  Network network(ex, m.model, {.precision = m.config.trainer.precision}, Mode::inference);
  Predictor predictor(ex, network);
  const std::vector<std::string> plots =
      a.plot ? output_paths(inputs.files, a.out, "html") : std::vector<std::string>();
  if (!to_stdout) make_folder(a.out);
  bool first = true;
  for_each_input(inputs, [&](std::size_t i) {
    const AudioInput& input = inputs.files[i];
    const Prediction p = predicted(ex, a, m, input, extractor, states, voice, predictor);
    if (to_stdout) {
      print_result(inputs.several ? encode_next(a, p, m.channels, first) : encode(a, p, m.channels));
      first = false;
      return;
    }
    make_folder(folder_of(paths[i]));
    write_output(real_file_system(), paths[i], encode(a, p, m.channels));
    if (a.plot) write_output(real_file_system(), plots[i], plot(a, p, m));
    log::info(fmt::format("{}: {}, {} -> {}", input.name, counted(p.values.rows, "frame"),
                          counted(p.values.cols, "channel"), paths[i]));
  });
  return 0;
}

}  // namespace cutract::cli
