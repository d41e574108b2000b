// The engine cudnn: cuDNN itself on a GPU; on the emulated GPU only the kernels that convert data to its layout and
// back.
#include "kernels/lstm/rnn_gpu.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

class LstmCudnn : public OnEachDevice {
 protected:
  void SetUp() override {
    OnEachDevice::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (const std::string why = why_no_cudnn(); !why.empty()) GTEST_SKIP() << why;
  }
  Named<float> run(Exec& ex, const LstmCase& in, LstmRun how = {}) {
    how.engine = LstmEngine::cudnn;
    return run_lstm(ex, in, how);
  }
  void expect_like_oracle(const LstmCase& in, Precision precision, double forward, double backward) {
    const Named<float> got = run(exec(), in, {.precision = precision});
    for (const auto& [name, want] : oracle_lstm(in).all) {
      if (name == "c") continue;  // cuDNN does not return it
      const double error = rel_l2(got[name], want);
      EXPECT_TRUE(error <= (name == "h" ? forward : backward))
          << name << ": relative L2 error " << error << ", H " << in.H << ", F " << in.F << ", D " << in.D() << ", B "
          << in.lengths.size();
      worst_ = std::max(worst_, error);
    }
  }
  void TearDown() override { RecordProperty("worst", testing::PrintToString(worst_)); }
  double worst_ = 0;
};

const std::vector<std::vector<std::int32_t>> kBatches{{1}, {9}, {7, 7, 7}, {11, 5, 5, 1}, {23, 22, 9, 8, 8, 2, 1, 1}};

// Numbers of units around a warp, and around the largest that SMALL_H supports (128 with backward).
TEST_P(LstmCudnn, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index H : {1, 7, 32, 33, 64, 128, 129})
    for (const auto& lengths : kBatches)
      for (const Index D : {1, 2})
        expect_like_oracle(random_lstm(rng, lengths, H % 2 == 0 ? 80 : 5, H, D), Precision::fp32, 2e-6, 1e-5);
}

TEST_P(LstmCudnn, AgreesWithTheOracleInTf32AndBf16) {
  Rng rng(2);
  for (const auto& lengths : kBatches) {
    const LstmCase in = random_lstm(rng, lengths, 24, 40, 2);
    expect_like_oracle(in, Precision::tf32, 2e-3, 2e-3);
    expect_like_oracle(in, Precision::bf16, 2e-2, 2e-2);
  }
}

TEST_P(LstmCudnn, DxIsAddedToWhatIsThere) {
  Rng rng(13);
  const LstmCase in = random_lstm(rng, {15, 4}, 7, 9, 2);
  const std::vector<float> before = rng.normals(19 * 7);
  const Named<float> set = run(exec(), in), added = run(exec(), in, {.dx = &before});
  std::vector<double> want;
  for (std::size_t i = 0; i < before.size(); ++i)
    want.push_back(static_cast<double>(before[i]) + static_cast<double>(set["dx"][i]));
  EXPECT_REL_L2(added["dx"], want, 1e-6);
}

TEST_P(LstmCudnn, WeightGradientsOfTwoBatchesAdd) {
  Rng rng(3);
  const LstmCase a = random_lstm(rng, {12, 5}, 6, 10, 2);
  LstmCase b = random_lstm(rng, {8, 8, 3}, 6, 10, 2);
  b.dir = a.dir;
  const Named<float> first = run(exec(), a), both = run(exec(), b, {.start = &first});
  const Named<double> want_a = oracle_lstm(a), want_b = oracle_lstm(b);
  EXPECT_REL_L2(both["dx"], want_b["dx"], 1e-5);  // dx is replaced
  for (const char* name : {"w_ih_0", "w_hh_0", "b_ih_0", "b_hh_0", "w_ih_1", "w_hh_1", "b_ih_1", "b_hh_1"}) {
    std::vector<double> want = want_a[name];
    for (std::size_t i = 0; i < want.size(); ++i) want[i] += want_b[name][i];
    EXPECT_REL_L2(both[name], want, 1e-5) << name;
  }
}

TEST_P(LstmCudnn, SameInputSameBits) {
  Rng rng(4);
  for (const auto& lengths : kBatches) {
    const LstmCase in = random_lstm(rng, lengths, 20, 33, 2);
    const Named<float> first = run(exec(), in);
    for (Exec& ex : others()) {
      const Named<float> again = run(ex, in);
      for (const auto& [name, values] : first.all) EXPECT_BITWISE(again[name], values) << name;
    }
  }
}

TEST_P(LstmCudnn, TakesAnEmptyBatchAndNoDx) {
  Rng rng(5);
  const Named<float> none = run(exec(), random_lstm(rng, {}, 3, 4, 2));
  EXPECT_TRUE(none["h"].empty());
  EXPECT_EQ(none["w_hh_1"], std::vector<float>(64));
  const LstmCase in = random_lstm(rng, {15, 4}, 7, 9, 2);
  const Named<float> with = run(exec(), in), without = run(exec(), in, {.want_dx = false});
  for (const auto v : without["dx"]) EXPECT_TRUE(std::isnan(v));  // untouched
  EXPECT_BITWISE(without["w_ih_0"], with["w_ih_0"]);
}

// Without a reserve, as in evaluation, the output is the same. With 160 units and equal lengths another algorithm is
// used.
TEST_P(LstmCudnn, ForwardAloneNeedsNoReserve) {
  Rng rng(6);
  for (const Index H : {20, 160})
    for (const auto& lengths : kBatches) {
      const LstmCase in = random_lstm(rng, lengths, 6, H, 1);
      const Index N = in.N();
      RaggedBlock batch(exec(), in.lengths);
      Block<float> x(exec(), in.x), w_ih(exec(), in.dir[0].w_ih), w_hh(exec(), in.dir[0].w_hh),
          b_ih(exec(), in.dir[0].b_ih), b_hh(exec(), in.dir[0].b_hh), h(exec(), N * H);
      LstmArgs a{x.view<2>({N, in.F}), {}, batch.view(), {nullptr, {N, 1, 4 * H}}, {nullptr, {N, 1, H}},
                 h.view<3>({N, 1, H})};
      a.w[0] = {w_ih.view<2>({4 * H, in.F}), w_hh.view<2>({4 * H, H}), b_ih.view(), b_hh.view()};
      a.engine = LstmEngine::cudnn;
      lstm(exec(), a);
      EXPECT_REL_L2(h.values(), oracle_lstm(in)["h"], 2e-6);
    }
}

TEST_P(LstmCudnn, AReserveOfAnotherSizeIsNamed) {
  Rng rng(7);
  const LstmCase in = random_lstm(rng, {3}, 2, 2, 1);
  RaggedBlock batch(exec(), in.lengths);
  Block<float> x(exec(), in.x), w_ih(exec(), in.dir[0].w_ih), w_hh(exec(), in.dir[0].w_hh),
      b_ih(exec(), in.dir[0].b_ih), b_hh(exec(), in.dir[0].b_hh), h(exec(), Index{6});
  Block<std::byte> reserve(exec(), Index{64});
  LstmArgs a{x.view<2>({3, 2}), {}, batch.view(), {nullptr, {3, 1, 8}}, {nullptr, {3, 1, 2}}, h.view<3>({3, 1, 2})};
  a.w[0] = {w_ih.view<2>({8, 2}), w_hh.view<2>({8, 2}), b_ih.view(), b_hh.view()};
  a.engine = LstmEngine::cudnn;
  a.reserve = reserve.view();
  EXPECT_FAULT(lstm(exec(), a), Fault::internal, "lstm.reserve: shape is [64], expected [");
}

INSTANTIATE_TEST_SUITE_P(Device, LstmCudnn, testing::Values(Device::gpu), device_name);

}  // namespace
}  // namespace cutract::test
