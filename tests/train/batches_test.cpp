#include "features/dataset/batches.h"

#include <set>

#include "tests/kernels/on_each_device.h"
#include "train/training_data.h"

namespace cutract {
namespace {

// Every value encodes its utterance and frame.
std::vector<Example> marked(Exec& ex, const std::vector<Index>& lengths) {
  std::vector<Example> examples(lengths.size());
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Example& e = examples[i];
    Matrix features(lengths[i], 2);
    e.targets = Matrix(lengths[i], 3);
    for (Index t = 0; t < lengths[i]; ++t) {
      const float mark = static_cast<float>(100 * i + static_cast<std::size_t>(t) + 1);
      std::fill_n(features.row(t), 2, mark);
      std::fill_n(e.targets.row(t), 3, -mark);
    }
    e.features = Frames(ex, features);
  }
  return examples;
}

template <class T, int Rank>
std::vector<std::remove_const_t<T>> read(Exec& ex, View<T, Rank> v) {
  std::vector<std::remove_const_t<T>> out(static_cast<std::size_t>(v.size()));
  copy_to_host(ex, v.data, std::span(out));
  return out;
}

void expect_batch(Exec& ex, const Batch& batch, const std::vector<int>& order, const std::vector<Index>& lengths) {
  const auto x = read(ex, batch.x), target = read(ex, batch.target);
  const auto uid = read(ex, batch.uid);
  const auto offset = read(ex, batch.ragged.offset), length = read(ex, batch.ragged.length);
  ASSERT_EQ(uid.size(), order.size());
  std::size_t n = 0;
  for (std::size_t b = 0; b < order.size(); ++b) {
    const auto i = static_cast<std::size_t>(order[b]);
    EXPECT_EQ(uid[b], i);
    EXPECT_EQ(offset[b], static_cast<std::int32_t>(n));
    EXPECT_EQ(length[b], lengths[i]);
    for (Index t = 0; t < lengths[i]; ++t, ++n) {
      const float mark = static_cast<float>(100 * i + static_cast<std::size_t>(t) + 1);
      ASSERT_EQ(x[2 * n + 1], mark) << "utterance " << i << ", frame " << t;
      ASSERT_EQ(target[3 * n + 2], -mark) << "utterance " << i << ", frame " << t;
    }
  }
  for (; n < static_cast<std::size_t>(batch.ragged.frames); ++n)
    ASSERT_TRUE(x[2 * n] == 0 && x[2 * n + 1] == 0 && target[3 * n] == 0)
        << "row " << n << " is after the last utterance";
}

class BatchesOnEachDevice : public test::OnEachDevice {};

TEST_P(BatchesOnEachDevice, KeepEachUtterancesTargetsWithItsFeatures) {
  const std::vector<Index> lengths{7, 3, 1, 7, 40};
  const std::vector<Example> examples = marked(exec(), lengths);
  Batches batches(exec(), examples, 4);
  const std::vector<std::vector<int>> order{{0, 3, 1, 2}, {4}};
  batches.set(exec(), order);
  ASSERT_EQ(batches.size(), 2);
  for (const Index i : {0, 1, 0}) {
    SCOPED_TRACE(i);
    expect_batch(exec(), batches.load(exec(), i), order[static_cast<std::size_t>(i)], lengths);
  }
}

// The batch is the one that the record counts to, and rows after its last utterance are zero.
TEST_P(BatchesOnEachDevice, TheNextOneIsThatOfTheRecord) {
  const std::vector<Index> lengths{9, 3, 1, 7, 40};
  const std::vector<Example> examples = marked(exec(), lengths);
  Batches batches(exec(), examples, 2);
  for (const std::vector<std::vector<int>>& order :
       {std::vector<std::vector<int>>{{4, 0}, {3, 1}, {2}}, {{4, 2}, {0, 1}, {3}}}) {
    batches.set(exec(), order);
    for (const Index i : {1, 0, 2}) {
      SCOPED_TRACE(i);
      const Buffer<StepRecord> record(exec(), std::vector{StepRecord{.batches = i}});
      const auto& expected = order[static_cast<std::size_t>(i)];
      const bool cpu = GetParam() == test::Device::cpu;
      const Batch batch = batches.next(exec(), record.view(), std::ssize(expected),
                                       cpu ? batches.frames(i) : bucket_rows(batches.frames(i)));
      EXPECT_EQ(batch.x.shape[0], batch.ragged.frames);
      expect_batch(exec(), batch, expected, lengths);
    }
  }
}

TEST_P(BatchesOnEachDevice, OfNothingAreNone) {
  Batches batches(exec(), {}, 3);
  batches.set(exec(), {});
  EXPECT_EQ(batches.size(), 0);
  EXPECT_EQ(batches.most_rows(), 0);
}
CUTRACT_ON_EACH_DEVICE(BatchesOnEachDevice);

TEST(BucketRows, AreFewAndHardlyMoreThanTheFrames) {
  std::set<Index> in_an_octave;
  for (Index n = 1; n < 100'000; ++n) {
    const Index rows = bucket_rows(n);
    ASSERT_GE(rows, n);
    ASSERT_LT(rows - n, std::max<Index>(32, n / 16 + 1)) << n;
    if (n > 16384 && n <= 32768) in_an_octave.insert(rows);
  }
  EXPECT_EQ(in_an_octave.size(), 16u);
}

// A batch that does not fit into memory then fails in the first seconds.
TEST(FirstBatches, AreTheLongest) {
  Exec ex = CpuExec(1);
  Dataset data;
  data.examples = marked(ex, {7, 3, 40, 9, 12});
  RunConfig config;
  config.trainer.batch_size = 2;
  EXPECT_EQ(first_batches(data, config, 1), (std::vector<std::vector<int>>{{2, 4}}));
  EXPECT_EQ(first_batches(data, config, 2), (std::vector<std::vector<int>>{{2, 4}, {3, 0}}));
  EXPECT_EQ(first_batches(data, config, 9).size(), 3u);
}

}  // namespace
}  // namespace cutract
