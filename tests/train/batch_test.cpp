#include "train/batch.h"

#include <gtest/gtest.h>

namespace cutract {
namespace {

TEST(Batch, KeepsEachUtterancesTargetsWithItsFeatures) {
  std::vector<Example> examples(4);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Example& e = examples[i];
    const Index T = std::vector<Index>{3, 7, 1, 7}[i];
    e.features = Matrix(T, 2), e.targets = Matrix(T, 3);
    for (Index t = 0; t < T; ++t) {
      const float mark = static_cast<float>(100 * i + static_cast<std::size_t>(t));
      std::fill_n(e.features.row(t), 2, mark), std::fill_n(e.targets.row(t), 3, -mark);
    }
  }
  const std::vector<int> order{1, 3, 0, 2};
  Exec ex = CpuExec(1);
  const Batch batch(ex, examples, order);
  const Ragged r = batch.ragged();
  ASSERT_EQ(r.frames, 18);
  for (Index b = 0; b < 4; ++b) {
    const int i = order[static_cast<std::size_t>(b)];
    EXPECT_EQ(batch.uid().data[b], static_cast<std::uint32_t>(i));
    for (Index t = 0; t < r.length.data[b]; ++t) {
      const Index n = r.offset.data[b] + t;
      EXPECT_EQ(batch.x().row(n)[1], static_cast<float>(100 * i + t));
      EXPECT_EQ(batch.target().row(n)[2], -static_cast<float>(100 * i + t));
    }
  }
}

TEST(Batch, OfNothingIsEmpty) {
  Exec ex = CpuExec(1);
  EXPECT_EQ(Batch(ex, {}, {}).frames(), 0);
}

}  // namespace
}  // namespace cutract
