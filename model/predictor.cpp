#include "model/predictor.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace cutract {
namespace {

constexpr Index kWhole = kPieceFrames + 2 * kPieceOverlap;  // frames of the longest recording that is not cut

struct Piece {
  Index first, rows;          // frames to compute, including the overlap
  Index wanted_from, wanted;  // the rows of these that are kept: first and number
};

std::vector<Piece> pieces_of(Index frames) {
  if (frames <= kWhole) return {{0, frames, 0, frames}};
  std::vector<Piece> all;
  for (Index at = 0; at < frames; at += kPieceFrames) {
    const Index wanted = std::min(kPieceFrames, frames - at);
    const Index first = std::max<Index>(at - kPieceOverlap, 0);
    const Index last = std::min(at + wanted + kPieceOverlap, frames);
    all.push_back({first, last - first, at - first, wanted});
  }
  return all;
}

void normalise_all(Exec& ex, const Normaliser& by, const std::string& speaker, const Frames& features) {
  const Normaliser::Part part{speaker, features.view()};
  by.apply(ex, {&part, 1});
}

// Calls z_of(first, rows) for each piece and copies what `run` predicts for it.
template <class Z, class Run>
Matrix in_pieces(Exec& ex, Index frames, Index outputs, Z z_of, Run run) {
  Matrix out(frames, outputs);
  for (const Piece& piece : pieces_of(frames)) {
    const Frames z = z_of(piece.first, piece.rows);
    const float* y = run(z.view()).data;
    copy_to_host(ex, y + piece.wanted_from * outputs,
                 std::span(out.row(piece.first + piece.wanted_from), static_cast<std::size_t>(piece.wanted * outputs)));
  }
  return out;
}

}  // namespace

RecordingFeatures features_to_predict(Exec& ex, const Extractor& extractor, const Normaliser& features_by, Sound sound,
                                      const Track* states) {
  const bool by_itself = features_by.scope() == Scope::utterance;
  return {ex, extractor, std::move(sound), by_itself ? std::numeric_limits<Index>::max() : kWhole, states};
}

Predictor::Predictor(Exec& ex, Network& network) : network_(network), offset_(ex, 1), length_(ex, 1) {
  offset_.clear(ex);
}

In Predictor::run(Exec& ex, View<const float, 2> z) {
  host_length_ = static_cast<std::int32_t>(z.shape[0]);
  length_.write(ex, {&host_length_, 1});
  Ragged one;
  one.offset = offset_.view();
  one.length = length_.view();
  one.utterances = 1;
  one.frames = one.longest = host_length_;
  one.host_length = {&host_length_, {1}};
  return network_.forward(ex, z, one);
}

Matrix Predictor::operator()(Exec& ex, const Normaliser& features_by, const Normaliser& targets_by,
                             RecordingFeatures& features, const std::string& speaker) {
  if (features.kept()) return (*this)(ex, features_by, targets_by, features.part(ex, 0, features.rows()), speaker);
  const auto z_of = [&](Index first, Index rows) {
    Frames part = features.part(ex, first, rows);
    normalise_all(ex, features_by, speaker, part);
    return part;
  };
  Matrix out = in_pieces(ex, features.rows(), network_.spec().outputs, z_of, [&](const auto& z) { return run(ex, z); });
  targets_by.invert(out.view(), speaker);
  return out;
}

Matrix Predictor::operator()(Exec& ex, const Normaliser& features_by, const Normaliser& targets_by, Frames features,
                             const std::string& speaker) {
  const Index P = network_.spec().outputs;
  if (features.rows() == 0) return Matrix(0, P);
  normalise_all(ex, features_by, speaker, features);
  const auto z_of = [&](Index first, Index rows) { return features.part(first, rows); };
  Matrix out = in_pieces(ex, features.rows(), P, z_of, [&](const auto& z) { return run(ex, z); });
  targets_by.invert(out.view(), speaker);
  return out;
}

Matrix predict(Exec& ex, const TrainedModel& m, Network& network, Frames features, const std::string& speaker) {
  return Predictor(ex, network)(ex, m.features, m.targets, std::move(features), speaker);
}

}  // namespace cutract
