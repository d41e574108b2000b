#pragma once

#include <memory>
#include <span>
#include <string>

#include "features/config.h"
#include "host/core/exec.h"
#include "host/core/memory.h"
#include "host/core/view.h"
#include "kernels/mel.h"

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
  // The same where the executor computes: samples and result lie in its memory. The tables go to a GPU with the first
  // call for one; later calls must be for the same device.
  Buffer<float> on_device(Exec&, View<const float, 1> samples) const;
  // The same of audio at any rate.
  Matrix from_audio(Exec&, std::span<const float> samples, int sample_rate) const;
  std::string hash() const;  // SHA-256 of the resolved settings

 private:
  FeatureConfig config_;
  MelEngine engine_;
  struct Tables;
  std::shared_ptr<const Tables> tables_;
};

}  // namespace cutract
