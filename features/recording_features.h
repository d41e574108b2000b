#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "features/extractor.h"
#include "features/frames.h"
#include "features/unlike.h"
#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// A recording that is read part by part, so that its samples can be stored in any form.
struct Sound {
  Index size = 0;                                              // samples
  std::function<void(Index first, std::span<float> to)> copy;  // copies samples first, first + 1, ..., full scale 1
};
Sound sound_of(std::span<const float> samples);  // which must outlive the result

// The measurements of a recording's samples, without those of its frames, which measure() reports.
Heard measure_samples(const Sound&);

// The features of one recording, not normalised. Up to `most_kept` frames are computed once and kept. The features of a
// longer recording are computed part by part, again each time that they are needed, so that memory does not grow with
// the length of the recording. They have the same bits as if they had been computed at once (on a GPU: the same values
// but for rounding). Frames of several streams, or of a stream that is not computed from the samples, are kept whatever
// their number.
class RecordingFeatures {
 public:
  // The recording is at the sample rate of the features. It and the extractor must outlive this object.
  RecordingFeatures(Exec&, const Extractor&, Sound, Index most_kept, const Track* states = nullptr);

  Index rows() const { return rows_; }
  bool kept() const { return whole_.has_value(); }
  // If the features are kept, the parts share their memory, and changing one changes the others.
  Frames part(Exec&, Index first, Index rows);
  Heard measure(Exec&);  // of the frames, without what measure_samples returns

 private:
  Frames log_mels(Exec&, Index first, Index rows);
  void limit_range(Exec&, Frames&) const;

  const Extractor& extractor_;
  FeatureConfig config_;  // of the only stream, where features are not kept
  Sound sound_;
  Index rows_;
  std::optional<Frames> whole_;
  std::optional<Extractor> plain_;  // log-mels without a range, which depends on the whole recording
  float largest_;                   // of all log-mels
  std::vector<float> samples_;
};

}  // namespace cutract
