#include "kernels/lstm/lstm.h"

#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

constexpr double kForward = 2e-6, kBackward = 1e-5;  // relative L2

bool is_forward(const std::string& name) { return name == "h" || name == "c"; }

std::string describe(const LstmCase& c) {
  std::string s =
      "F " + std::to_string(c.F) + ", H " + std::to_string(c.H) + ", D " + std::to_string(c.D()) + ", lengths";
  for (const auto l : c.lengths) s += " " + std::to_string(l);
  return s;
}

// A gradient of very few numbers, each a sum over time and gates, can cancel to nearly nothing by chance, and its
// relative error then depends on the order of addition, and so on the CPU's instructions. Such a gradient is measured
// against at least a hundredth of |dh| times the largest factor of its terms: max|w| for dx, max|x| for w_ih, and 1 for
// w_hh and the biases.
double gradient_error(const LstmCase& in, const std::string& name, const std::vector<float>& got,
                      const std::vector<double>& want) {
  const auto largest = [](const std::vector<float>& v) {
    float most = 0;
    for (const float x : v) most = std::max(most, std::abs(x));
    return static_cast<double>(most);
  };
  const auto norm = [](const auto& v) { return rel_l2(v, std::vector<double>(v.size())); };
  const double error = rel_l2(got, want);
  if (want.size() >= 8 || norm(want) == 0) return error;
  const double factor = name == "dx" ? largest(in.dir.front().w_ih) : name.starts_with("w_ih") ? largest(in.x) : 1;
  return error * norm(want) / std::max(norm(want), 0.01 * factor * norm(in.dh));
}

class Lstm : public OnEachDevice {
 protected:
  // Compares every result separately with the oracle.
  void expect_like_oracle(const LstmCase& in) {
    const Named<float> got = run_lstm(exec(), in);
    for (const auto& [name, want] : oracle_lstm(in).all) {
      const double error = is_forward(name) ? rel_l2(got[name], want) : gradient_error(in, name, got[name], want);
      double& worst = is_forward(name) ? worst_forward_ : worst_backward_;
      if (!(error <= worst)) {
        worst = error;
        (is_forward(name) ? where_forward_ : where_backward_) = name + ", " + describe(in);
      }
      EXPECT_TRUE(error <= (is_forward(name) ? kForward : kBackward)) << name << ": relative L2 error " << error;
    }
  }
  void TearDown() override {
    RecordProperty("worst_forward", testing::PrintToString(worst_forward_) + " in " + where_forward_);
    RecordProperty("worst_backward", testing::PrintToString(worst_backward_) + " in " + where_backward_);
  }
  double worst_forward_ = 0, worst_backward_ = 0;
  std::string where_forward_, where_backward_;
};

class PlainLstm : public testing::Test {
 protected:
  Exec exec_{std::in_place_type<CpuExec>, 1};
};

// All combinations of B, H and T. Small problems run with every F and D, the others with one F and D in turn. B = 33
// with H >= 128 and T = 100 is left out because its oracle would take half of the total time; each pair of these three
// values occurs elsewhere.
TEST_P(Lstm, AgreesWithTheOracleOverSizes) {
  Rng rng(1);
  constexpr Index kF[] = {1, 5, 80};
  Index turn = 0;
  for (const Index H : {1, 7, 31, 32, 33, 64, 128, 257})
    for (const Index T : {1, 2, 17, 100})
      for (const Index B : {1, 2, 3, 5, 8, 33}) {
        if (B == 33 && H >= 128 && T == 100) continue;
        const bool all = B * T * H * H < 150'000;
        for (Index i = 0; i < 6; ++i) {
          if (!all && i != turn % 6) continue;
          const LstmCase in = random_lstm(rng, ragged_lengths(rng, B, T), kF[i % 3], H, 1 + i / 3);
          SCOPED_TRACE(describe(in));
          expect_like_oracle(in);
          if (HasFailure()) return;
        }
        ++turn;
      }
}

// For this many units, the GPU's general engine gives each block one utterance.
TEST_P(Lstm, AgreesWithTheOracleForManyUnits) {
  Rng rng(15);
  expect_like_oracle(random_lstm(rng, {4, 3, 1}, 5, 520, 2));
}

// lstm_plain, the readable reference; it does not depend on a device.
TEST_F(PlainLstm, AgreesWithTheOracleOverSizes) {
  Rng rng(14);
  for (const Index H : {1, 7, 33, 64})
    for (const Index T : {1, 2, 17})
      for (const Index B : {1, 3, 8})
        for (const Index F : {1, 20}) {
          const LstmCase in = random_lstm(rng, ragged_lengths(rng, B, T), F, H, 1 + (B + T) % 2);
          SCOPED_TRACE(describe(in));
          const Named<float> got = run_lstm(exec_, in, {.plain = true});
          for (const auto& [name, want] : oracle_lstm(in).all)
            EXPECT_LE(is_forward(name) ? rel_l2(got[name], want) : gradient_error(in, name, got[name], want),
                      is_forward(name) ? kForward : kBackward)
                << name;
          if (HasFailure()) return;
        }
}

TEST_P(Lstm, AgreesWithTheOracleWhereGatesSaturate) {
  Rng rng(2);
  expect_like_oracle(random_lstm(rng, {40, 23, 1}, 9, 20, 2, 4.0));
}

// With much larger weights, the recurrence is chaotic and no float result agrees with double, but all values must stay
// finite.
TEST_P(Lstm, StaysFiniteWithHugeWeights) {
  Rng rng(13);
  const Named<float> got = run_lstm(exec(), random_lstm(rng, {40, 23, 1}, 9, 20, 2, 1e4));
  for (const auto& [name, values] : got.all)
    for (const float v : values) ASSERT_TRUE(std::isfinite(v)) << name;
  for (const float v : got["h"]) ASSERT_LE(std::abs(v), 1.0f);
}

TEST_P(Lstm, AgreesWithTheOracleWhereWeightsAreZero) {
  Rng rng(3);
  expect_like_oracle(random_lstm(rng, {6, 2}, 3, 5, 2, 0.0));
}

TEST_P(Lstm, EqualLengthsAndManyShortOnes) {
  Rng rng(4);
  expect_like_oracle(random_lstm(rng, {9, 9, 9, 9}, 4, 6, 2));
  expect_like_oracle(random_lstm(rng, std::vector<std::int32_t>(70, 1), 4, 6, 2));
  std::vector<std::int32_t> one_long(12, 1);
  one_long.front() = 50;
  expect_like_oracle(random_lstm(rng, one_long, 4, 6, 2));
}

TEST_P(Lstm, TakesAnEmptyBatch) {
  Rng rng(5);
  const Named<float> got = run_lstm(exec(), random_lstm(rng, {}, 3, 4, 2));
  EXPECT_TRUE(got["h"].empty());
  EXPECT_EQ(got["w_hh_1"], std::vector<float>(64));
}

TEST_P(Lstm, SameInputSameBits) {
  Rng rng(6);
  const LstmCase in = random_lstm(rng, {60, 31, 30, 2}, 20, 33, 2);
  const Named<float> first = run_lstm(exec(), in);
  for (int again = 0; again < 3; ++again) {
    const Named<float> second = run_lstm(exec(), in);
    for (const auto& [name, values] : first.all) EXPECT_BITWISE(second[name], values) << name;
  }
}

TEST_P(Lstm, SameBitsForAnyThreadCount) {
  Rng rng(7);
  for (const Index H : {33, 128}) {
    const LstmCase in = random_lstm(rng, {180, 97, 96, 5, 1}, 80, H, 2);
    const Named<float> one = run_lstm(exec(), in);
    std::vector<Exec> all = others();
    for (Exec& ex : all) {
      const Named<float> again = run_lstm(ex, in);
      for (const auto& [name, values] : one.all) EXPECT_BITWISE(again[name], values) << name << ", H " << H;
    }
  }
}

// Utterances are independent: B = 1 gives the same results as B = N, and the gradient of a batch is the sum of the
// gradients of its utterances.
TEST_P(Lstm, AnUtteranceDoesNotDependOnItsBatch) {
  Rng rng(8);
  const LstmCase in = random_lstm(rng, {40, 33, 33, 17, 8, 2, 1, 1, 1}, 13, 40, 2);
  const Named<float> together = run_lstm(exec(), in);
  Named<float> apart, sums;
  apart.all = {{"h", {}}, {"c", {}}, {"dx", {}}};
  for (const LstmCase& alone : utterances(in)) {
    sums = run_lstm(exec(), alone, {.start = sums.all.empty() ? nullptr : &sums});
    for (auto& [name, values] : apart.all) values.insert(values.end(), sums[name].begin(), sums[name].end());
  }
  EXPECT_REL_L2(apart["h"], together["h"], kForward);
  EXPECT_REL_L2(apart["c"], together["c"], kForward);
  EXPECT_REL_L2(apart["dx"], together["dx"], kBackward);
  for (const char* name : {"w_ih_0", "w_hh_0", "b_ih_0", "b_hh_0", "w_ih_1", "w_hh_1", "b_ih_1", "b_hh_1"})
    EXPECT_REL_L2(sums[name], together[name], kBackward) << name;
}

TEST_P(Lstm, WeightGradientsOfTwoBatchesAdd) {
  Rng rng(9);
  const LstmCase a = random_lstm(rng, {12, 5}, 6, 10, 2);
  LstmCase b = random_lstm(rng, {8, 8, 3}, 6, 10, 2);
  b.dir = a.dir;
  const Named<float> first = run_lstm(exec(), a), both = run_lstm(exec(), b, {.start = &first});
  const Named<double> want_a = oracle_lstm(a), want_b = oracle_lstm(b);
  EXPECT_REL_L2(both["dx"], want_b["dx"], kBackward);  // dx is replaced
  for (const char* name : {"w_ih_0", "w_hh_0", "b_ih_0", "b_hh_0", "w_ih_1", "w_hh_1", "b_ih_1", "b_hh_1"}) {
    std::vector<double> want = want_a[name];
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += want_b[name][i];
    EXPECT_REL_L2(both[name], want, kBackward) << name;
  }
}

TEST_P(Lstm, WithoutDxTheOtherGradientsAreTheSame) {
  Rng rng(10);
  const LstmCase in = random_lstm(rng, {15, 4}, 7, 9, 2);
  const Named<float> with = run_lstm(exec(), in), without = run_lstm(exec(), in, {.want_dx = false});
  for (const auto v : without["dx"]) EXPECT_TRUE(std::isnan(v));  // untouched
  for (const char* name : {"w_ih_0", "w_hh_0", "b_ih_0", "b_hh_0", "w_ih_1", "w_hh_1", "b_ih_1", "b_hh_1"})
    EXPECT_BITWISE(without[name], with[name]) << name;
}

TEST_P(Lstm, DxIsAddedToWhatIsThere) {
  Rng rng(13);
  const LstmCase in = random_lstm(rng, {15, 4}, 7, 9, 2);
  const std::vector<float> before = rng.normals(19 * 7);
  const Named<float> set = run_lstm(exec(), in), added = run_lstm(exec(), in, {.dx = &before});
  std::vector<double> want;
  for (std::size_t i = 0; i < before.size(); ++i)
    want.push_back(static_cast<double>(before[i]) + static_cast<double>(set["dx"][i]));
  EXPECT_REL_L2(added["dx"], want, 1e-6);
  EXPECT_BITWISE(added["w_hh_0"], set["w_hh_0"]);
}

// Skipping non-finite steps depends on this: a bad sample must not disappear in a clamp.
TEST_P(Lstm, ANaNReachesItsOwnUtteranceAndNoOther) {
  Rng rng(11);
  LstmCase in = random_lstm(rng, {5, 4}, 3, 6, 2);
  in.x[2 * 3 + 1] = std::nanf("");  // frame 2 of the first utterance
  const Named<float> got = run_lstm(exec(), in);
  for (std::size_t n = 0; n < 9; ++n)
    for (std::size_t j = 0; j < 12; ++j) {
      const bool reached = n < 5 && (j < 6 ? n >= 2 : n <= 2);  // forward from there on, reverse from there back
      EXPECT_EQ(std::isnan(got["h"][n * 12 + j]), reached) << "frame " << n << ", column " << j;
    }
  EXPECT_TRUE(std::isnan(got["w_hh_0"].front()));
}

TEST_P(Lstm, WrongShapesAreNamed) {
  Rng rng(12);
  const LstmCase good = random_lstm(rng, {3}, 2, 2, 1);
  Exec& ex = exec();
  Block<float> x(ex, good.x), w_ih(ex, good.dir[0].w_ih), w_hh(ex, good.dir[0].w_hh), b(ex, good.dir[0].b_ih),
      gates(ex, Index{24}), c(ex, Index{6}), h(ex, Index{6});
  RaggedBlock three(ex, good.lengths), two(ex, std::vector<std::int32_t>{2});
  LstmArgs a{x.view<2>({3, 2}), {}, three.view(), gates.view<3>({3, 1, 8}), c.view<3>({3, 1, 2}), h.view<3>({3, 1, 2})};
  a.w[0] = {w_ih.view<2>({8, 2}), w_hh.view<2>({8, 2}), b.view(), b.view()};
  lstm(exec(), a);
  const auto broken = [&](auto change) {
    LstmArgs bad = a;
    change(bad);
    return std::string(thrown_by([&] { lstm(exec(), bad); }).what());
  };
  const auto starts = [](const std::string& text, const std::string& with) {
    EXPECT_EQ(text.substr(0, with.size()), with);
  };
  starts(broken([&](LstmArgs& v) { v.ragged = two.view(); }), "lstm.ragged.frames: shape is [2], expected [3]");
  starts(broken([&](LstmArgs& v) { v.gates.shape[2] = 6; }), "lstm.gates: shape is [3,1,6], expected [3,1,8]");
  starts(broken([&](LstmArgs& v) { v.c.shape[0] = 2; }), "lstm.c: shape is [2,1,2], expected [3,1,2]");
  starts(broken([&](LstmArgs& v) { v.w[0].w_ih.shape[1] = 3; }), "lstm.w_ih: shape is [8,3], expected [8,2]");
  starts(broken([&](LstmArgs& v) { v.w[0].w_hh.shape[1] = 3; }), "lstm.w_hh: shape is [8,3], expected [8,2]");
  starts(broken([&](LstmArgs& v) { v.w[0].b_ih.shape[0] = 7; }), "lstm.b_ih: shape is [7], expected [8]");
  starts(broken([&](LstmArgs& v) { v.w[0].b_hh.shape[0] = 7; }), "lstm.b_hh: shape is [7], expected [8]");
}

CUTRACT_ON_EACH_DEVICE(Lstm);

}  // namespace
}  // namespace cutract::test
