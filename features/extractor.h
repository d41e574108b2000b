#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/config.h"
#include "features/frames.h"
#include "features/streams.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/io/audio.h"

namespace cutract {

// Computes frames of features from speech: the columns of each stream, side by side (features/streams.h).
class Extractor {
 public:
  // Computes the tables of the streams. Throws Error{config} for settings that contradict each other.
  explicit Extractor(FeatureConfig);

  const FeatureConfig& config() const { return config_; }             // fmax_hz = 0 resolved
  std::span<const Column> columns() const { return columns_; }        // of a frame
  std::span<const StreamConfig> streams() const { return streams_; }  // from left to right
  Index dim() const { return std::ssize(columns_); }                  // number of columns: F
  Index frames(Index samples) const;                                  // rows for this many samples
  double first_centre_s() const;                                      // centre time of frame 0
  double step_s() const;                                              // time between frames
  std::string hash() const;                                           // SHA-256 of feature_recipe(config())

  // Returns [frames(n), dim()] for each utterance of n samples at config().sample_rate; 0 rows if n is too small for
  // one frame. They stay in the executor's memory. Many utterances in one call need few launches and one buffer on a
  // GPU, and upload int16, half the bytes of float, if all utterances are int16. Threads may call it with CPU executors
  // at once; calls for a GPU must be for the same device and run after the work of earlier ones, because the tables and
  // scratch memory stay there.
  std::vector<Frames> operator()(Exec&, std::span<const Speech> utterances, Place = Place::device) const;

 private:
  struct Scratch;
  struct OnGpu;
  void compute(Exec&, const StreamInput&, Scratch&, View<float, 2> out) const;
  std::vector<Frames> on_cpu(Exec&, std::span<const Speech>) const;

  FeatureConfig config_, framing_;
  std::vector<StreamConfig> streams_;
  std::vector<AnyStream> computed_;  // what computes each stream
  std::vector<Column> columns_;
  std::shared_ptr<OnGpu> on_gpu_;
};

// The features of one utterance at config().sample_rate, and of audio at any rate, which is resampled if needed.
// `states` is what the stream `file` reads.
Frames features_of(Exec&, const Extractor&, std::span<const float> samples, const Track* states = nullptr);
Frames features_of(Exec&, const Extractor&, const Audio&, const Track* states = nullptr);

}  // namespace cutract
