#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/config.h"
#include "features/frames.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/samples.h"
#include "kernels/starts.h"

namespace cutract {

// Computes frames of features from speech. The columns are the log-mels or cepstra, their deltas, and the deltas of
// those; with context c, these of 2c + 1 frames, earliest frame first.
class Extractor {
 public:
  // Computes the tables (window, mel filters, DCT). Throws Error{config} for settings that contradict each other.
  explicit Extractor(FeatureConfig, MelEngine = MelEngine::fused);

  const FeatureConfig& config() const { return config_; }  // fmax_hz = 0 resolved
  Index dim() const;                                       // number of columns: F
  Index frames(Index samples) const;                       // rows for this many samples at config().sample_rate
  double first_centre_s() const;                           // centre time of frame 0
  double step_s() const;                                   // time between frames
  // Returns [frames(n), dim()] for n samples at config().sample_rate, full scale 1; 0 rows if n is too small for one
  // frame.
  Matrix operator()(Exec&, std::span<const float> samples) const;
  Matrix operator()(Exec&, std::span<const std::int16_t> samples) const;  // full scale 32768
  // The same, left in the executor's memory. of_each takes many utterances; on a GPU it needs few launches and one
  // buffer, and uploads int16, half the bytes of float, if all utterances are int16.
  Frames frames_of(Exec&, std::span<const float> samples) const;
  std::vector<Frames> of_each(Exec&, std::span<const Samples> utterances, Place = Place::device) const;
  // Low-level form: samples, starts and out [rows, dim()] are in the executor's memory. first_frame counts
  // frames(samples) for each utterance; empty starts mean a single utterance. The first call for a GPU uploads the
  // tables. Scratch memory stays on the GPU and grows to the largest call, so later calls must be for the same device
  // and run after the work of earlier ones.
  void on_device(Exec&, const Samples&, const Starts& first_sample, const Starts& first_frame,
                 View<float, 2> out) const;
  // The features of audio at any rate, in Hz; it is resampled if needed.
  Frames from_audio(Exec&, std::span<const float> samples, int sample_rate) const;
  std::string hash() const;  // SHA-256 of feature_recipe(config())

 private:
  FeatureConfig config_;
  MelEngine engine_;
  struct Tables;
  struct OnGpu;
  std::shared_ptr<const Tables> tables_;
  std::shared_ptr<OnGpu> on_gpu_;
};

}  // namespace cutract
