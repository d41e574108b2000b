#include "cli/recording.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "model/predictor.h"

namespace cutract::cli {
namespace {

Sound sound_of(const std::shared_ptr<const PackedSamples>& samples) {
  return {static_cast<Index>(samples->size()),
          [samples](Index first, std::span<float> to) { samples->copy(static_cast<std::size_t>(first), to); }};
}

PackedSamples resampled(const PackedSamples& samples, int from_hz, int to_hz) {
  std::vector<float> all(samples.size());
  samples.copy(0, all);
  PackedSamples out;
  out.append(resample(all, from_hz, to_hz));
  return out;
}

}  // namespace

InputRecording read_recording(Exec& ex, const AudioInput& input, const PredictArgs& a, const TrainedModel& m,
                              const Extractor& extractor, const Track* states) {
  PackedAudio audio = read_packed_input(input, a.channel, m.config.data.channel);
  const std::size_t count = audio.samples.size();
  if (states) expect_as_long(*states, static_cast<double>(count) / audio.sample_rate, true, "--features " + a.features);
  const int rate = extractor.config().sample_rate;
  auto samples = std::make_shared<PackedSamples>(std::move(audio.samples));
  Heard heard = measure_samples(sound_of(samples));
  if (audio.sample_rate != rate) *samples = resampled(*samples, audio.sample_rate, rate);
  InputRecording recording{features_to_predict(ex, extractor, m.features, sound_of(samples), states), {}};
  if (recording.features.rows() == 0)
    fail(Fault::data, fmt::format("{}: has {}, too few for one frame of features; give longer audio", input.name,
                                  counted(static_cast<Index>(count), "sample")));
  heard.merge(recording.features.measure(ex));
  recording.heard = std::move(heard);
  return recording;
}

}  // namespace cutract::cli
