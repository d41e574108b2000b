// Rows after the last utterance: batches on a GPU have them, so that a few graphs serve all batches. They must not
// change any result.
#include <cmath>

#include "kernels/dropout.h"
#include "kernels/loss.h"
#include "kernels/lstm/lstm.h"
#include "tests/kernels/lstm_case.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

class RowsBehind : public testing::Test {
 protected:
  void SetUp() override {
    gpu_ = exec_for(Device::gpu);
    if (!gpu_) GTEST_SKIP() << why_no_gpu();
  }
  Exec& ex() { return *gpu_; }

 private:
  std::optional<Exec> gpu_;
};

// `given`, followed by rows of `value`.
std::vector<float> with_rows_behind(std::vector<float> given, Index rows, Index width, float value) {
  given.resize(given.size() + static_cast<std::size_t>(rows * width), value);
  return given;
}

TEST_F(RowsBehind, DoNotCountInTheLossAndHaveNoGradient) {
  Rng rng(3);
  const Index N = 9, P = 3, more = 5;
  const std::vector<float> y = rng.normals(N * P), target = rng.normals(N * P);
  Objective all;
  all.count = Objective::kMost;
  for (int k = 0; k < all.count; ++k) all.terms[k] = {kNames<LossKind>[static_cast<std::size_t>(k)].value, 0.5, 1};
  const auto run = [&](Index behind) {
    Block<float> a(ex(), with_rows_behind(y, behind, P, std::nanf(""))),
        b(ex(), with_rows_behind(target, behind, P, 7)), dy(ex(), (N + behind) * P);
    Block<double> value(ex(), Index{1});
    RaggedBlock ragged(ex(), {6, 3}, behind);
    const std::array<Index, 2> shape{N + behind, P};
    loss(ex(), {all, a.view<2>(shape), b.view<2>(shape), ragged.view(), dy.view<2>(shape), value.view()});
    return std::pair{value.values()[0], dy.values()};
  };
  const auto [want, want_dy] = run(0);
  const auto [got, got_dy] = run(more);
  EXPECT_EQ(got, want);
  EXPECT_BITWISE(got_dy, with_rows_behind(want_dy, more, P, 0));
}

TEST_F(RowsBehind, AreZeroAfterDropout) {
  const Index N = 5, C = 7, more = 4;
  Block<float> x(ex(), std::vector<float>(static_cast<std::size_t>((N + more) * C), std::nanf(""))),
      y(ex(), (N + more) * C);
  Block<std::uint32_t> uid(ex(), std::vector<std::uint32_t>{1, 0});
  Block<Index> step(ex(), std::vector<Index>{4});
  RaggedBlock ragged(ex(), {3, 2}, more);
  dropout(ex(),
          {x.view<2>({N + more, C}), ragged.view(), uid.view(), 1, 0, step.view(), 0.5f, y.view<2>({N + more, C})});
  const std::vector<float> out = y.values();
  for (Index i = 0; i < (N + more) * C; ++i)
    ASSERT_EQ(out[static_cast<std::size_t>(i)] == 0, i >= N * C) << i;  // NaN * mask is NaN
}

TEST_F(RowsBehind, ChangeNothingInTheLstmAndAreZeroInH) {
  for (const auto& [H, precision] : {std::pair<Index, Precision>{9, Precision::fp32},
                                     {64, Precision::fp32},
                                     {64, Precision::tf32},
                                     {64, Precision::bf16},
                                     {128, Precision::bf16}}) {  // one per engine
    SCOPED_TRACE(std::string(name_of(precision)) + ", H " + std::to_string(H));
    Rng rng(12);
    const LstmCase in = random_lstm(rng, {11, 6, 6, 1}, 5, H, 2);
    const Named<float> want = run_lstm(ex(), in, {.precision = precision}),
                       got = run_lstm(ex(), in, {.precision = precision, .behind = 40});
    for (const auto& [name, values] : want.all) {
      const std::vector<float>& other = got[name];
      EXPECT_REL_L2(std::span(other.data(), values.size()), values, 1e-6) << name;
      if (name != "h" && name != "dx") continue;
      for (std::size_t i = values.size(); i < other.size(); ++i) ASSERT_EQ(other[i], 0) << name << " at " << i;
    }
  }
}

}  // namespace
}  // namespace cutract::test
