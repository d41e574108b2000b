// The front end on each device: its ops between fences, and the rounding error of float compared with the
// double-precision oracle.
#include "features/extractor.h"
#include "features/tables.h"
#include "kernels/frontend/dct.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/splice.h"
#include "tests/features/float_error.h"
#include "tests/features/settings.h"
#include "tests/kernels/on_each_device.h"
#include "tests/oracle/mel.h"

namespace cutract::test {
namespace {

class Features : public OnEachDevice {
 protected:
  Matrix extract(const FeatureConfig& c, const std::vector<float>& x) {
    return features_of(exec(), Extractor(c), x).matrix(exec());
  }
};
CUTRACT_ON_EACH_DEVICE(Features);

TEST_P(Features, LogMelsAreTheOraclesButForTheRoundingOfFloat) {
  for (const auto& [name, config] : cases()) {
    FeatureConfig c = config;
    c.kind = FeatureKind::mel;
    c.deltas = c.context = 0;
    for (const char* kind : {"loud", "quiet", "steps", "tone", "chirp", "silence"}) {
      const auto x = signal(kind, 2001);
      EXPECT_FLOAT_ERROR(extract(c, x).values, oracle::mel(c, x), ln_of(c), kFloatBound) << name << " " << kind;
    }
  }
}

// These signals have no bin 60 dB below another one in the same frame; cepstra would mix the rounding errors of weak
// bins into all columns. Measured: 1.5e-7 on the CPU, 6.2e-7 emulated.
TEST_P(Features, CepstraDeltasAndContextAreTheOracles) {
  for (const auto& [name, c] : cases()) {
    if (c.kind != FeatureKind::mfcc) continue;
    for (const char* kind : {"loud", "quiet", "steps"}) {
      const auto x = signal(kind, 4001);
      EXPECT_REL_L2(extract(c, x).values, oracle::flat(oracle::features(c, x)), 2e-6) << name << " " << kind;
    }
  }
}

// Includes signals shorter than a frame or than the padding, of one sample, and empty, with every edge mode.
TEST_P(Features, AnyLengthIsTheOracles) {
  for (const auto& [name, config] : cases()) {
    FeatureConfig c = config;
    c.kind = FeatureKind::mel;
    c.deltas = c.context = 0;
    for (const Index S : {0, 1, 2, 3, 79, 80, 81, 199, 200, 201, 399, 400, 561}) {
      const auto x = signal("quiet", S);
      const Matrix got = extract(c, x);
      const oracle::Rows want = oracle::mel(c, x);
      ASSERT_EQ(got.rows, static_cast<Index>(want.size())) << name << ", S = " << S;
      EXPECT_FLOAT_ERROR(got.values, want, ln_of(c), kFloatBound) << name << ", S = " << S;
    }
  }
}

// The maximum that db and whisper refer to is that of the utterance, whichever frame it is in.
TEST_P(Features, TheLoudestFrameMayBeAnyOne) {
  for (const char* preset : {"librosa", "whisper"}) {
    const FeatureConfig c = feature_preset(preset);
    for (const Index at : {0, 3000, 7200}) {
      std::vector<float> x = signal("quiet", 8000);
      const std::vector<float> loud = signal("loud", 800);
      for (std::size_t i = 0; i < loud.size(); ++i) x[static_cast<std::size_t>(at) + i] = 1000 * loud[i];
      EXPECT_FLOAT_ERROR(extract(c, x).values, oracle::mel(c, x), ln_of(c), kFloatBound) << preset << " at " << at;
    }
  }
}

// The loudest frame is in a tile that no block processes first, after as many blocks as a block of the second pass has
// threads.
TEST_P(Features, TheLoudestFrameMayBeTheLastOfThousands) {
  const FeatureConfig c = with("whisper", [](auto& k) {
    k.n_fft = k.win_samples = 16;
    k.hop_samples = 4;
    k.n_mels = 2;
  });
  for (const std::size_t at : {12'000, 35'990}) {
    std::vector<float> x = signal("quiet", 36'000);
    x[at] = 300;
    EXPECT_FLOAT_ERROR(extract(c, x).values, oracle::mel(c, x), ln_of(c), kFloatBound) << at;
  }
}

TEST_P(Features, SpeechIsTheOracles) {
  auto x = golden("signals.safetensors").at("speech", "signals").as_f32();
  x.resize(8000);
  for (const char* preset : {"librosa", "kaldi", "whisper"}) {
    const FeatureConfig c = feature_preset(preset);
    EXPECT_FLOAT_ERROR(extract(c, x).values, oracle::mel(c, x), ln_of(c), kFloatBound) << preset;
  }
}

TEST_P(Features, TheSameBitsAgain) {
  for (const auto& [name, c] : cases()) {
    const auto x = signal("loud", 3001);
    const std::vector<float> once = extract(c, x).values;
    for (Exec& other : others()) EXPECT_BITWISE(features_of(other, Extractor(c), x).matrix(other).values, once) << name;
  }
}

// What a stream writes is bounded by fences, and the same as through the extractor.
TEST_P(Features, AStreamWritesItsColumnsAlone) {
  const Extractor extractor(feature_preset("whisper"));
  const MelStream stream(extractor.streams().front().options);
  for (const char* kind : {"loud", "tone"}) {  // the second call reuses the tables
    const auto x = signal(kind, 1000);
    Block<float> there(exec(), x), out(exec(), extractor.frames(1000) * extractor.dim());
    StreamInput in;
    in.samples = there.view();
    stream.compute(exec(), in, out.view<2>({extractor.frames(1000), extractor.dim()}));
    EXPECT_BITWISE(out.values(), features_of(exec(), extractor, x).matrix(exec()).values);
  }
}

// Log powers of every bin of the frames: one filter per bin, and a window of ones.
struct Spectra {
  std::vector<float> got;
  oracle::Rows want;
};
Spectra spectra(Exec& ex, Index n, Index W, Index hop, Index T) {
  const Index bins = n / 2 + 1;
  FeatureConfig c;
  c.n_fft = static_cast<int>(n);
  std::vector<std::int32_t> bin, offset{0};
  for (std::int32_t k = 0; k < bins; ++k) {
    bin.push_back(k);
    offset.push_back(k + 1);
  }
  const std::vector<float> x = Rng(static_cast<std::uint64_t>(n)).normals((T - 1) * hop + W);
  Block<float> samples(ex, x), out(ex, T * bins);
  Block<double> window(ex, std::vector<double>(static_cast<std::size_t>(W), 1.0)), roots(ex, root_table(c)),
      weight(ex, std::vector<double>(static_cast<std::size_t>(bins), 1.0));
  Block<std::int32_t> first(ex, bin), from(ex, offset);
  MelArgs a;
  a.samples = samples.view();
  a.window = window.view();
  a.roots = roots.view<2>({n, 2});
  a.filter_bin = first.view();
  a.filter_offset = from.view();
  a.filter_weight = weight.view();
  a.n_fft = n;
  a.hop = hop;
  a.floor = 1e-30;
  a.out = out.view<2>({T, bins});
  mel(ex, a);
  Spectra s{out.values(), {}};
  for (Index t = 0; t < T; ++t) {
    s.want.push_back(oracle::power_spectrum({x.begin() + t * hop, x.begin() + t * hop + W}, c.n_fft));
    for (double& v : s.want.back()) v = std::log(v);
  }
  return s;
}

class Mel : public OnEachDevice {};
CUTRACT_ON_EACH_DEVICE(Mel);

// Every radix alone, radices in sequence, primes that are summed by the definition, and common lengths.
TEST_P(Mel, OfAnyLengthOfFft) {
  for (const Index n :
       {1,  2,  3,  4,   5,   6,   7,   8,   9,   10,  12,  15,  16,  18,  20,  22,  25,   27,   30,   32,  50,
        64, 75, 80, 101, 125, 128, 160, 200, 240, 256, 400, 405, 480, 509, 512, 600, 1000, 1024, 2048, 4096}) {
    const Spectra s = spectra(exec(), n, n, n / 3 + 1, 3);
    EXPECT_FLOAT_ERROR(s.got, s.want, 1, kFloatBound) << "n = " << n;
  }
}

// The lengths whose FFT stays in registers, with windows that end within the points of each pass or are odd.
TEST_P(Mel, OfFftsInRegisters) {
  for (const Index n : {256, 400, 512, 1024})
    for (const Index W : {n, n - 2, n - 1, n / 2 + 2, n / 8 + 2, Index{2}})
      for (const Index hop : {Index{2}, n / 4 * 2 - 2}) {
        const Spectra s = spectra(exec(), n, W, hop, 9);
        EXPECT_FLOAT_ERROR(s.got, s.want, 1, kFloatBound) << "n = " << n << ", window " << W << ", hop " << hop;
      }
}

// More tiles than launched blocks, an incomplete last tile, and hops longer than the window.
TEST_P(Mel, OfManyFrames) {
  for (const auto& [T, hop] : {std::pair{8200, 3}, {1, 1}, {7, 8}, {8, 11}, {9, 40}}) {
    const Spectra s = spectra(exec(), 8, 7, hop, T);
    EXPECT_FLOAT_ERROR(s.got, s.want, 1, kFloatBound) << T << " frames, hop " << hop;
  }
}

TEST_P(Mel, OfNoFramesIsNothing) {
  Block<float> samples(exec(), Index{0}), out(exec(), Index{0});
  const std::vector<double> one{1.0};
  Block<double> window(exec(), one), roots(exec(), std::vector<double>{1.0, 0.0}), weight(exec(), one);
  Block<std::int32_t> first(exec(), std::vector<std::int32_t>{0}), from(exec(), std::vector<std::int32_t>{0, 1});
  MelArgs a;
  a.samples = samples.view();
  a.window = window.view();
  a.roots = roots.view<2>({1, 2});
  a.filter_bin = first.view();
  a.filter_offset = from.view();
  a.filter_weight = weight.view();
  a.n_fft = 1;
  a.hop = 1;
  a.out = out.view<2>({0, 1});
  mel(exec(), a);
  EXPECT_TRUE(out.values().empty());
}

TEST_P(Mel, SaysWhichFftIsTooLongForAGpu) {
  if (GetParam() == Device::cpu) GTEST_SKIP() << "the CPU takes any";
  EXPECT_FAULT(spectra(exec(), 32768, 8, 8, 1), Fault::device, "mel on the GPU: n_fft is 32768");
}

class FeatureOps : public OnEachDevice {};
CUTRACT_ON_EACH_DEVICE(FeatureOps);

oracle::Rows rows_of(const std::vector<float>& x, Index columns) {
  oracle::Rows out;
  for (auto at = x.begin(); at < x.end(); at += columns) out.emplace_back(at, at + columns);
  return out;
}

TEST_P(FeatureOps, DctIsAProduct) {
  for (const auto& [T, M, C] : {std::array<Index, 3>{1, 1, 1}, {3, 23, 13}, {33, 80, 40}, {257, 5, 7}}) {
    Rng rng(71);
    const std::vector<float> x = rng.normals(T * M), b = rng.normals(C * M);
    Block<float> in(exec(), x), out(exec(), T * C);
    Block<double> basis(exec(), std::vector<double>(b.begin(), b.end()));
    dct(exec(), {in.view<2>({T, M}), basis.view<2>({C, M}), out.view<2>({T, C})});
    std::vector<double> want;
    for (Index t = 0; t < T; ++t)
      for (Index c = 0; c < C; ++c) {
        want.push_back(0);
        for (Index m = 0; m < M; ++m)
          want.back() += static_cast<double>(x.at(static_cast<std::size_t>(t * M + m))) *
                         static_cast<double>(b.at(static_cast<std::size_t>(c * M + m)));
      }
    EXPECT_REL_L2(out.values(), want, 6e-8) << T << " x " << M << " to " << C;
  }
}

TEST_P(FeatureOps, DeltasAreSlopesOfSlopes) {
  for (const auto& [T, F, n, orders] :
       {std::array<Index, 4>{1, 1, 1, 1}, {2, 3, 4, 2}, {9, 13, 2, 2}, {300, 3, 1, 3}, {5, 80, 2, 0}}) {
    const std::vector<float> x = Rng(72).normals(T * F);
    Block<float> in(exec(), x), out(exec(), T * F * (1 + orders));
    deltas(exec(), {in.view<2>({T, F}), n, out.view<2>({T, F * (1 + orders)})});
    oracle::Rows want = rows_of(x, F), order = want;
    for (Index o = 0; o < orders; ++o) {
      order = oracle::slopes(order, static_cast<int>(2 * n + 1));
      for (std::size_t t = 0; t < want.size(); ++t) want[t].insert(want[t].end(), order[t].begin(), order[t].end());
    }
    EXPECT_REL_L2(out.values(), oracle::flat(want), 6e-8) << T << " x " << F << ", n = " << n << ", " << orders;
  }
}

// Beside others, the columns that are not the op's keep what they hold.
TEST_P(FeatureOps, DeltasAreWrittenBesideOtherColumns) {
  for (const Index orders : {0, 1, 2}) {
    const Index T = 37, F = 5, first = 3, C = 21;
    const std::vector<float> x = Rng(74).normals(T * F), before = Rng(75).normals(T * C);
    Block<float> in(exec(), x), alone(exec(), T * F * (1 + orders)), beside(exec(), before);
    deltas(exec(), {in.view<2>({T, F}), 2, alone.view<2>({T, F * (1 + orders)})});
    deltas(exec(), {in.view<2>({T, F}), 2, beside.view<2>({T, C}), {}, first, orders});
    std::vector<float> want = before;
    const std::vector<float> own = alone.values();
    for (Index t = 0; t < T; ++t)
      std::copy_n(own.begin() + t * F * (1 + orders), F * (1 + orders), want.begin() + t * C + first);
    EXPECT_BITWISE(beside.values(), want) << orders;
  }
}

TEST_P(FeatureOps, SpliceRepeatsTheEdges) {
  for (const auto& [T, F, n] : {std::array<Index, 3>{1, 1, 3}, {2, 5, 4}, {40, 13, 1}, {3, 2, 0}}) {
    const std::vector<float> x = Rng(73).normals(T * F);
    Block<float> in(exec(), x), out(exec(), T * F * (2 * n + 1));
    splice(exec(), {in.view<2>({T, F}), out.view<2>({T, F * (2 * n + 1)})});
    std::vector<float> want;
    for (Index t = 0; t < T; ++t)
      for (Index i = t - n; i <= t + n; ++i) {
        const auto row = x.begin() + (i < 0 ? 0 : i < T ? i : T - 1) * F;
        want.insert(want.end(), row, row + F);
      }
    EXPECT_EQ(out.values(), want) << T << " x " << F << ", n = " << n;
  }
}

}  // namespace
}  // namespace cutract::test
