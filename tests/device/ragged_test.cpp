#include "host/device/ragged.h"

#include "tests/support/support.h"

namespace cutract {
namespace {

using Lengths = std::vector<std::int32_t>;

TEST(Ragged, LaysUtterancesOneAfterAnother) {
  const RaggedBatch batch(Lengths{7, 4, 4, 1});
  const Ragged r = batch.view();
  EXPECT_EQ(r.utterances, 4);
  EXPECT_EQ(r.frames, 16);
  EXPECT_EQ(r.longest, 7);
  EXPECT_EQ(Lengths(r.offset.data, r.offset.data + 4), (Lengths{0, 7, 11, 15}));
  EXPECT_EQ(Lengths(r.length.data, r.length.data + 4), (Lengths{7, 4, 4, 1}));
  EXPECT_EQ(r.offset.size(), 4);
  EXPECT_EQ(r.length.size(), 4);
}

TEST(Ragged, AnEmptyBatchHasNothing) {
  for (const RaggedBatch& batch : {RaggedBatch(), RaggedBatch(Lengths{})}) {
    const Ragged r = batch.view();
    EXPECT_EQ(r.utterances, 0);
    EXPECT_EQ(r.frames, 0);
    EXPECT_EQ(r.longest, 0);
  }
}

TEST(Ragged, RefusesWhatTheOpsCannotWalk) {
  EXPECT_FAULT(RaggedBatch(Lengths{3, 4}), Fault::internal, "batch: utterances are not sorted longest first");
  EXPECT_FAULT(RaggedBatch(Lengths{3, 0}), Fault::internal, "batch: an utterance has no frames");
  EXPECT_FAULT(RaggedBatch(Lengths{-1}), Fault::internal, "batch: an utterance has no frames");
  EXPECT_FAULT(RaggedBatch(Lengths{0x7fffffff, 1}), Fault::internal, "batch: more than 2^31 frames");
  EXPECT_EQ(RaggedBatch(Lengths{0x7fffffff}).view().frames, 0x7fffffff);
}

TEST(Ragged, ACopyStandsOnItsOwn) {
  auto first = std::make_unique<RaggedBatch>(Lengths{2, 1});
  const RaggedBatch second = *first;
  first.reset();
  EXPECT_EQ(second.view().offset.data[1], 2);
}

}  // namespace
}  // namespace cutract
