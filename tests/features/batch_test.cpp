// Many utterances in one launch, int16 samples, and the float rounding error of each preset, on each device.
#include <fmt/format.h>

#include <map>
#include <utility>

#include "features/extractor.h"
#include "tests/features/float_error.h"
#include "tests/features/settings.h"
#include "tests/kernels/on_each_device.h"

namespace cutract::test {
namespace {

class Batch : public OnEachDevice {};
CUTRACT_ON_EACH_DEVICE(Batch);

template <class T>
Samples samples_of(const std::vector<T>& x) {
  return View<const T, 1>{x.data(), {static_cast<Index>(x.size())}};
}

std::vector<std::vector<float>> ragged_signals() {
  std::vector<std::vector<float>> all;
  for (const Index S : {900, 0, 1, 4000, 79, 2001, 0, 401, 1700})
    all.push_back(signal(all.size() % 2 == 0 ? "loud" : "quiet", S));
  return all;
}

// Edges, maxima, slopes and context are computed within each utterance.
TEST_P(Batch, AnUtteranceDoesNotDependOnItsNeighbours) {
  const auto signals = ragged_signals();
  std::vector<Speech> samples;
  for (const auto& x : signals) samples.push_back({samples_of(x)});
  for (const auto& [name, c] : cases()) {
    const Extractor extractor(c);
    const std::vector<Frames> all = extractor(exec(), samples);
    ASSERT_EQ(all.size(), signals.size());
    for (std::size_t u = 0; u < all.size(); ++u) {
      const Matrix alone = features_of(exec(), extractor, signals[u]).matrix(exec());
      EXPECT_EQ(all[u].rows(), alone.rows) << name << ", utterance " << u;
      EXPECT_BITWISE(all[u].matrix(exec()).values, alone.values) << name << ", utterance " << u;
    }
  }
}

TEST_P(Batch, OfNoUtterancesIsNothing) { EXPECT_TRUE(Extractor(feature_preset("kaldi"))(exec(), {}).empty()); }

// More utterances than a block has threads, most of them with one frame or none.
TEST_P(Batch, OfManyShortUtterances) {
  const Extractor extractor(with("kaldi", [](auto& c) {
    c.kind = FeatureKind::mfcc;
    c.deltas = 1;
    c.context = 1;
  }));
  std::vector<std::vector<float>> signals;
  for (int u = 0; u < 300; ++u) signals.push_back(signal("loud", u % 7 == 0 ? 0 : 350 + u % 5 * 45));
  std::vector<Speech> samples;
  for (const auto& x : signals) samples.push_back({samples_of(x)});
  const std::vector<Frames> all = extractor(exec(), samples);
  for (std::size_t u = 0; u < all.size(); u += 13)
    EXPECT_BITWISE(all[u].matrix(exec()).values, features_of(exec(), extractor, signals[u]).matrix(exec()).values) << u;
}

// Equal bit for bit, because steps of 2^-15 are exact in float. Includes full scale at both ends.
TEST_P(Batch, Int16IsTheSameAsFloat) {
  Rng rng(16);
  std::vector<std::int16_t> x{-32768, 32767};
  while (x.size() < 3001) x.push_back(static_cast<std::int16_t>(rng.below(65536) - 32768));
  std::vector<float> as_float;
  for (const std::int16_t v : x) as_float.push_back(static_cast<float>(v) / 32768);
  for (const auto& [name, c] : cases()) {
    const Extractor extractor(c);
    const Speech one{samples_of(x)};
    const Matrix got = extractor(exec(), {&one, 1}).front().matrix(exec());
    EXPECT_BITWISE(got.values, features_of(exec(), extractor, as_float).matrix(exec()).values) << name;
    const std::vector<Speech> mixed{{samples_of(x)}, {samples_of(as_float)}};
    EXPECT_BITWISE(extractor(exec(), mixed)[0].matrix(exec()).values, got.values) << name;
  }
}

// Uses a basis too large for shared memory, which stays in global memory.
TEST_P(Batch, AsManyCepstraAsMels) {
  const FeatureConfig c = with("kaldi", [](auto& k) {
    k.kind = FeatureKind::mfcc;
    k.n_mfcc = 80;
  });
  const auto x = signal("loud", 2001);
  EXPECT_REL_L2(features_of(exec(), Extractor(c), x).matrix(exec()).values, oracle::flat(oracle::features(c, x)), 2e-6);
}

// Covers speech, and noise down to a few steps of 16 bits. `ln_1e-5_down_to_dB` is the number of dB below a frame's
// largest bin down to which the error stays within 1e-5 in ln; 1000 means everywhere. Further below, rounding relative
// to the largest bin dominates.
TEST_P(Batch, EveryPresetWithinTheBound) {
  std::map<std::string, std::vector<float>> signals;
  signals["speech"] = golden("signals.safetensors").at("speech", "signals").as_f32();
  signals["speech"].resize(8000);
  for (const char* kind : {"loud", "quiet", "steps", "chirp"}) signals[kind] = signal(kind, 4001);
  for (const auto& [name, config] : cases()) {
    FeatureConfig c = config;
    c.kind = FeatureKind::mel;
    c.deltas = c.context = 0;
    double error = 0;
    for (const auto& [kind, x] : signals) {
      const std::vector<float> got = features_of(exec(), Extractor(c), x).matrix(exec()).values;
      const oracle::Rows want = oracle::mel(c, x);
      EXPECT_FLOAT_ERROR(got, want, ln_of(c), kFloatBound) << name << " " << kind;
      error = std::max(error, float_error(got, want, ln_of(c)));
      const double depth = depth_within(1e-5, got, want, ln_of(c));
      EXPECT_GE(depth, 30) << name << " " << kind;
      RecordProperty(fmt::format("{}_{}_ln_1e-5_down_to_dB", name, kind), fmt::format("{:.0f}", depth));
    }
    RecordProperty(name + "_error", fmt::format("{:.2g}", error));
  }
}

}  // namespace
}  // namespace cutract::test
