#pragma once

#include "cli/audio_inputs.h"
#include "cli/commands.h"
#include "features/extractor.h"
#include "features/recording_features.h"
#include "host/io/packed_audio.h"
#include "model/trained_model.h"

namespace cutract::cli {

// A recording that predict has read and measured.
struct InputRecording {
  RecordingFeatures features;
  Heard heard;
};

// `states` are features that were computed elsewhere, if the model reads any. Throws Error{data} if they are not as
// long as the recording or if it is too short for one frame of features, and as read_packed_audio does.
InputRecording read_recording(Exec&, const AudioInput&, const PredictArgs&, const TrainedModel&, const Extractor&,
                              const Track* states);

}  // namespace cutract::cli
