#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "features/config.h"
#include "features/frames.h"
#include "host/core/exec.h"
#include "host/core/view.h"
#include "kernels/mel.h"
#include "kernels/samples.h"
#include "kernels/starts.h"

namespace cutract {

// Speech to frames of features. Tables (window, mel filters, DCT) are made once, here. Columns: the log-mels or
// cepstra, their deltas, the deltas of those; with context c these 2c + 1 times, earliest frame first.
class Extractor {
 public:
  explicit Extractor(FeatureConfig,
                     MelEngine = MelEngine::fused);  // Error{config} for settings that contradict each other

  const FeatureConfig& config() const { return config_; }  // fmax_hz = 0 resolved
  Index dim() const;                                       // columns: F
  Index frames(Index samples) const;                       // rows for this many samples at config().sample_rate
  double first_centre_s() const;                           // centre time of frame 0
  double step_s() const;                                   // between frames
  // [frames(n), dim()]. Samples at config().sample_rate, full scale 1. Fewer samples than one frame needs give 0 rows.
  Matrix operator()(Exec&, std::span<const float> samples) const;
  Matrix operator()(Exec&, std::span<const std::int16_t> samples) const;  // full scale 32768
  // The same, left where the executor computes; of each of many, on a GPU by few launches and in one buffer. Int16
  // crosses to it in half the bytes of float, if all are.
  Frames frames_of(Exec&, std::span<const float> samples) const;
  std::vector<Frames> of_each(Exec&, std::span<const Samples> utterances, Place = Place::device) const;
  // Low-level form: samples, starts and out [rows, dim()] are in the executor's memory; first_frame counts
  // frames(samples) for each utterance, empty starts mean one. Tables go to a GPU with the first call for one, and
  // scratch stays there, grown to the largest call; later calls must be for the same device, and run after this
  // one's work.
  void on_device(Exec&, const Samples&, const Starts& first_sample, const Starts& first_frame,
                 View<float, 2> out) const;
  // Of audio at any rate.
  Frames from_audio(Exec&, std::span<const float> samples, int sample_rate) const;
  std::string hash() const;  // SHA-256 of the resolved settings

 private:
  FeatureConfig config_;
  MelEngine engine_;
  struct Tables;
  struct OnGpu;
  std::shared_ptr<const Tables> tables_;
  std::shared_ptr<OnGpu> on_gpu_;
};

}  // namespace cutract
