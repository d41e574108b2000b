#pragma once

#include <cstdint>
#include <string>

#include "features/dataset/normaliser.h"
#include "features/recording_features.h"
#include "model/trained_model.h"
#include "nn/network.h"

namespace cutract {

// A recording of more than kPieceFrames + 2 kPieceOverlap frames is predicted in pieces of kPieceFrames, each with
// kPieceOverlap more frames on both sides that are computed and dropped. Memory for activations then does not grow with
// the length. A shorter recording is predicted whole. The difference is below 1e-5 of a z for a model that forgets
// within the overlap, as LongRecordings.* shows for a forget gate near 0.95 and for attention with layers x window
// below the overlap. It is larger near the cuts for a model with a longer memory, and anywhere for attention without a
// window and for a conformer's group norm, which see only the piece.
constexpr Index kPieceFrames = 6000;
constexpr Index kPieceOverlap = 1000;

// The features of a recording, kept in memory if it is predicted whole, or if each recording is normalised by its own
// statistics, for which the features are needed twice, or if the features are several streams. `states` are those that
// were computed elsewhere, if the model reads any.
RecordingFeatures features_to_predict(Exec&, const Extractor&, const Normaliser& features_by, Sound,
                                      const Track* states = nullptr);

// Predicts the movement of one recording after another. All of them use one network and one set of buffers, which grow
// to the longest piece.
class Predictor {
 public:
  Predictor(Exec&, Network&);  // the network must outlive this object

  // Returns the movement [T,P], in the channels' units, for the features of one recording. `speaker` selects the
  // statistics; "" and unknown speakers get those of the training corpus. A recording's features can be predicted once.
  Matrix operator()(Exec&, const Normaliser& features_by, const Normaliser& targets_by, RecordingFeatures&,
                    const std::string& speaker);
  // The same for features that are in memory, not normalised.
  Matrix operator()(Exec&, const Normaliser& features_by, const Normaliser& targets_by, Frames features,
                    const std::string& speaker);

 private:
  In run(Exec&, View<const float, 2> z);

  Network& network_;
  Buffer<std::int32_t> offset_, length_;  // of the single utterance
  std::int32_t host_length_ = 0;
};

// The movement for one recording's features, with the statistics of the model.
Matrix predict(Exec&, const TrainedModel&, Network&, Frames features, const std::string& speaker);

}  // namespace cutract
