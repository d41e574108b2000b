// Log-mels by cuFFT between two kernels; on the emulated GPU, the definition of the transform replaces cuFFT.
#include "features/extractor.h"
#include "features/tables.h"
#include "kernels/frontend/mel.h"
#include "tests/features/float_error.h"
#include "tests/features/settings.h"
#include "tests/kernels/on_each_device.h"

namespace cutract::test {
namespace {

FeatureConfig by_cufft(FeatureConfig c) {
  c.engine = MelEngine::cufft;
  return c;
}

class MelByCufft : public OnEachDevice {
 protected:
  std::vector<float> extract(const FeatureConfig& c, const std::vector<float>& x) {
    return features_of(exec(), Extractor(by_cufft(c)), x).matrix(exec()).values;
  }
  void expect_like_oracle(const FeatureConfig& c, const std::vector<float>& got, const oracle::Rows& want) {
    const double error = float_error(got, want, ln_of(c));
    EXPECT_TRUE(error <= kFloatBound) << "error " << error;
    worst_ = std::max(worst_, error);
  }
  void TearDown() override { RecordProperty("worst", testing::PrintToString(worst_)); }
  double worst_ = 0;
};

TEST_P(MelByCufft, IsTheOracles) {
  for (const auto& [name, config] : cases()) {
    SCOPED_TRACE(name);
    FeatureConfig c = config;
    c.kind = FeatureKind::mel;
    c.deltas = c.context = 0;
    for (const char* kind : {"loud", "quiet", "steps", "tone", "silence"}) {
      const auto x = signal(kind, 2001);
      expect_like_oracle(c, extract(c, x), oracle::mel(c, x));
    }
    for (const Index S : {0, 1, 2, 79, 81, 400, 561}) {
      const auto x = signal("quiet", S);
      expect_like_oracle(c, extract(c, x), oracle::mel(c, x));
    }
  }
}

TEST_P(MelByCufft, LeadsToTheSameCepstra) {
  for (const auto& [name, c] : cases())
    if (c.kind == FeatureKind::mfcc) {
      const auto x = signal("loud", 4001);
      EXPECT_REL_L2(extract(c, x), oracle::flat(oracle::features(c, x)), 2e-6) << name;
    }
}

// More frames than are transformed at once, from utterances whose loudest frames come after the first group.
TEST_P(MelByCufft, TakesManyFrames) {
  const FeatureConfig c = with("whisper", [](auto& k) {
    k.n_fft = k.win_samples = 16;
    k.hop_samples = 4;
    k.n_mels = 2;
  });
  std::vector<std::vector<float>> signals{signal("quiet", 18'000), signal("quiet", 17'000), signal("loud", 900)};
  signals[0][17'000] = 300;
  signals[1][16'000] = 3;
  std::vector<Speech> utterances;
  for (auto& x : signals) utterances.push_back({View<float, 1>{x.data(), {std::ssize(x)}}});
  const std::vector<Frames> got = Extractor(by_cufft(c))(exec(), utterances);
  for (std::size_t u = 0; u < signals.size(); ++u)
    expect_like_oracle(c, got[u].matrix(exec()).values, oracle::mel(c, signals[u]));
}

TEST_P(MelByCufft, TakesAnFftThatIsTooLongForTheFusedKernel) {
  const FeatureConfig c = with("librosa", [](auto& k) {
    k.n_fft = 16384;
    k.n_mels = 40;
  });
  const auto x = signal("loud", 100);
  const Extractor fused(c);
  EXPECT_FAULT(features_of(exec(), fused, x), Fault::device, "mel on the GPU: n_fft is 16384");
  expect_like_oracle(c, extract(c, x), oracle::mel(c, x));
}

// The utterances of a batch are independent in their edges and in the maximum that `range` refers to. Samples are
// 16-bit.
TEST_P(MelByCufft, TakesABatchOfInt16) {
  FeatureConfig c = with("kaldi", [](auto& k) { k.framing = Framing::cover; });
  const Extractor extractor(c);  // counts frames
  c = extractor.config();
  std::vector<std::int16_t> samples;
  std::vector<Index> first_sample{0}, first_frame{0};
  std::vector<double> want;
  for (const Index S : {700, 0, 401, 1600}) {
    std::vector<float> x;
    for (const float v : signal(S == 401 ? "steps" : "loud", S)) {
      samples.push_back(static_cast<std::int16_t>(std::lrint(v * 32768)));
      x.push_back(static_cast<float>(samples.back()) / 32768);
    }
    oracle::Rows rows = oracle::mel(c, x);
    double most = -1e300;
    for (const double v : oracle::flat(rows)) most = std::max(most, v);
    for (const double v : oracle::flat(rows)) want.push_back(std::max(v, most - 4));
    first_sample.push_back(static_cast<Index>(samples.size()));
    first_frame.push_back(first_frame.back() + static_cast<Index>(rows.size()));
  }
  const MelBank bank = mel_bank(c);
  const Index T = first_frame.back(), M = c.n_mels;
  Block<std::int16_t> x(exec(), samples);
  Block<Index> from(exec(), first_sample), at(exec(), first_frame);
  Block<double> window(exec(), window_table(c)), roots(exec(), root_table(c)), weight(exec(), bank.weight);
  Block<std::int32_t> bin(exec(), bank.bin), offset(exec(), bank.offset);
  Block<float> out(exec(), T * M);
  MelArgs a;
  a.samples = x.view();
  a.first_sample = from.view();
  a.first_frame = at.view();
  a.window = window.view();
  a.roots = roots.view<2>({c.n_fft, 2});
  a.filter_bin = bin.view();
  a.filter_offset = offset.view();
  a.filter_weight = weight.view();
  a.n_fft = c.n_fft;
  a.hop = c.hop_samples;
  a.edge = Edge::mirror;
  a.first = c.hop_samples / 2 - c.win_samples / 2;
  a.sample_scale = c.sample_scale;
  a.preemphasis = c.preemphasis;
  a.remove_dc = c.remove_dc;
  a.floor = c.log_floor;
  a.range = 4;
  a.engine = MelEngine::cufft;
  a.out = out.view<2>({T, M});
  mel(exec(), a);
  EXPECT_REL_L2(out.values(), want, 1e-6);
}

TEST_P(MelByCufft, TheSameBitsAgain) {
  const FeatureConfig c = feature_preset("whisper");
  const auto x = signal("loud", 3001), once = extract(c, x);
  for (Exec& other : others()) EXPECT_BITWISE(features_of(other, Extractor(by_cufft(c)), x).matrix(other).values, once);
}

INSTANTIATE_TEST_SUITE_P(Device, MelByCufft, testing::Values(Device::gpu), device_name);

}  // namespace
}  // namespace cutract::test
