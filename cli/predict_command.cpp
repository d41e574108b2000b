#include <fmt/format.h>

#include "cli/commands.h"
#include "eval/html_report.h"
#include "eval/prediction.h"
#include "features/extractor.h"
#include "host/core/error.h"
#include "host/core/log.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "train/evaluate.h"

namespace cutract::cli {
namespace {

std::string encode(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels) {
  return a.format == "csv"   ? prediction_csv(p, channels)
         : a.format == "npz" ? prediction_npz(p, channels)
                             : prediction_json(p, channels);
}

std::string plot(const PredictArgs& a, const Prediction& p, const std::vector<Channel>& channels) {
  Report r;
  r.title = p.audio;
  r.summary =
      fmt::format("Movement that {} predicts: {} frames, one every {:g} ms.", a.model, p.values.rows, 1000 * p.step_s);
  r.channels = channels;
  r.traces = {{"", p.first_s, p.step_s, p.values, {}}};
  return html_report(r);
}

}  // namespace

int run(const PredictArgs& a) {
  const bool to_stdout = a.out == "-";
  if (to_stdout && a.audio.size() > 1 && a.format != "csv")
    fail(Fault::usage, "--out -: takes one audio file, or several as csv; use --out DIR");
  if (to_stdout && a.plot)
    fail(Fault::usage, "--plot: writes a page beside each result, and --out - has no folder; use --out DIR");
  const TrainedModel m = load_model(a.model);
  const bool by_speaker = m.targets.scope() == Scope::speaker || m.features.scope() == Scope::speaker;
  if (!a.speaker.empty() && !(by_speaker && m.targets.knows(a.speaker) && m.features.knows(a.speaker)))
    fail(Fault::usage,
         fmt::format("--speaker {}: not a speaker of this model's training data; leave --speaker out", a.speaker));
  Exec ex = choose_device(a.device, m.config.trainer.threads);
  if (by_speaker && a.speaker.empty())
    log::info("normalised with the statistics of all training speakers; --speaker NAME takes those of one");
  Network network(ex, m.model, precision(m.config));
  const Extractor extractor(m.config.features);
  const std::vector<std::string> paths =
      to_stdout ? std::vector<std::string>(a.audio.size()) : output_paths(a.audio, a.out, a.format);
  const std::vector<std::string> plots = a.plot ? output_paths(a.audio, a.out, "html") : std::vector<std::string>();
  if (!to_stdout) make_folder(a.out);
  for (std::size_t i = 0; i < a.audio.size(); ++i) {
    const Audio audio = read_audio(a.audio[i]);
    Frames features = extractor.from_audio(ex, audio.samples, audio.sample_rate);
    if (features.rows() == 0)
      fail(Fault::data, fmt::format("{}: {} samples are too short for one frame; give longer audio", a.audio[i],
                                    audio.samples.size()));
    const Prediction p{a.audio[i], extractor.first_centre_s(), extractor.step_s(),
                       predict(ex, m, network, std::move(features), a.speaker)};
    if (to_stdout)
      print_result(encode(a, p, m.channels));
    else
      write_output(real_file_system(), paths[i], encode(a, p, m.channels));
    if (a.plot) write_output(real_file_system(), plots[i], plot(a, p, m.channels));
    if (!to_stdout)
      log::info(fmt::format("{}: {} frames, {} channels -> {}", a.audio[i], p.values.rows, p.values.cols, paths[i]));
  }
  return 0;
}

}  // namespace cutract::cli
