#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/evaluator.h"
#include "model/predictor.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

// A model with a longer memory than trained models have: a forget gate near 0.95 halves the cell state in 14 frames.
Model with_long_memory() {
  Model model(bi_lstm_spec(6, 16, 2, 3, 0));
  model.initialise(5);
  const Index hidden = 16;
  for (const Parameter& p : model.parameters())
    if (p.name.starts_with("lstm.bias_ih"))
      for (Index i = hidden; i < 2 * hidden; ++i) model.values()[static_cast<std::size_t>(p.offset + i)] = 3;
  return model;
}

Matrix noise(Index frames, Index columns) {
  Rng rng(91);
  Matrix m(frames, columns);
  m.values = rng.normals(frames * columns);
  return m;
}

Normaliser identity(Exec& ex, Index columns) {
  Matrix two(2, columns);
  for (Index c = 0; c < columns; ++c) {
    two.row(0)[c] = -1;
    two.row(1)[c] = 1;
  }
  const Frames frames(ex, two);
  const Normaliser::Part part{"s", frames.view()};
  return Normaliser::fit(ex, Scope::corpus, {&part, 1});
}

// Predicts a recording of more than two pieces, in pieces and whole. The last piece is a short one.
void expect_pieces_give_the_whole(const Model& model) {
  Exec ex{CpuExec(2)};
  Network network(ex, model);
  const Matrix x = noise(2 * kPieceFrames + 2 * kPieceOverlap + 7, 6);
  const Matrix got = Predictor(ex, network)(ex, identity(ex, 6), identity(ex, 3), Frames(ex, x), "");
  std::vector<Example> whole(1);
  whole[0].features = Frames(ex, x);
  whole[0].targets = Matrix(x.rows, 3);
  const Matrix want = run_model(ex, network, whole, 1)[0];
  ASSERT_EQ(got.rows, x.rows);
  EXPECT_MAX_ABS(got.values, want.values, 1e-5);
}

TEST(LongRecordings, ArePredictedInPiecesAsWhole) { expect_pieces_give_the_whole(with_long_memory()); }

// A frame depends on layers x window = 300 frames to each side, which the overlap of two pieces contains.
TEST(LongRecordings, AWindowOfAttentionThatTheOverlapContainsLeavesNoTrace) {
  const std::vector<std::string> entries{"dense width=32 activation=none",
                                         "transformer heads=1 layers=3 feed_forward=32 window=100"};
  Model model({6, 3, parse_stack(entries, "model.stack")});
  model.initialise(5);
  expect_pieces_give_the_whole(model);
}

TEST(LongRecordings, OfUpToThatManyFramesAreNotCut) {
  Exec ex{CpuExec(2)};
  const Model model = with_long_memory();
  Network network(ex, model);
  const Matrix x = noise(kPieceFrames + 2 * kPieceOverlap, 6);
  const Matrix got = Predictor(ex, network)(ex, identity(ex, 6), identity(ex, 3), Frames(ex, x), "");
  std::vector<Example> whole(1);
  whole[0].features = Frames(ex, x);
  whole[0].targets = Matrix(x.rows, 3);
  EXPECT_EQ(got.values, run_model(ex, network, whole, 1)[0].values);
}

}  // namespace
}  // namespace cutract::test
