#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <string_view>

#include "bench/bench.h"
#include "features/extractor.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/splice.h"
#include "tests/oracle/mel.h"

// The front end with its tables prepared beforehand: log-mel, and the stages applied to it. The signal is noise; the
// output of its first part is checked.
namespace cutract::bench {
namespace {

struct Problem {
  const char* op;
  const char* preset;
  FeatureKind kind;
  int deltas, context;
};
constexpr Problem kProblems[] = {
    {"mel", "librosa", FeatureKind::mel, 0, 0},        {"mel", "kaldi", FeatureKind::mel, 0, 0},
    {"mel", "whisper", FeatureKind::mel, 0, 0},        {"mfcc", "librosa", FeatureKind::mfcc, 0, 0},
    {"mel_deltas", "librosa", FeatureKind::mel, 2, 0}, {"mel_splice", "librosa", FeatureKind::mel, 0, 5},
};

// Additions and multiplications per frame: window, real FFT (2.5 n log2 n), power, and filters with about two weights
// per bin.
double flops_of(const FeatureConfig& c) {
  const double n = c.n_fft;
  const double per_frame = c.win_samples + 2.5 * n * std::log2(n) + 1.5 * n + 2 * n;
  return per_frame + (c.kind == FeatureKind::mfcc ? 2.0 * c.n_mfcc * c.n_mels : 0);
}

// The stream and what follows it, on arrays that are prepared beforehand.
struct FrontEnd {
  Extractor extractor;
  MelStream stream;
  Buffer<float> samples, base, joined, out;

  FrontEnd(Exec& ex, const FeatureConfig& c, const std::vector<float>& given)
      : extractor(c),
        stream(extractor.streams().front().options),
        samples(ex, given),
        base(ex, rows() * bases()),
        joined(ex, rows() * bases() * (1 + c.deltas)),
        out(ex, rows() * extractor.dim()) {}
  Index rows() const { return extractor.frames(samples.size()); }
  Index bases() const { return extractor.streams().front().base; }

  void run(Exec& ex) const {
    const FeatureConfig& c = extractor.config();
    const Index T = rows(), wide = bases() * (1 + c.deltas);
    const View<float, 2> slopes{c.context > 0 ? joined.data() : out.data(), {T, wide}};
    const View<float, 2> own{c.deltas > 0 ? base.data() : slopes.data, {T, bases()}};
    StreamInput in;
    in.samples = samples.view();
    stream.compute(ex, in, own);
    if (c.deltas > 0) deltas(ex, {own, c.delta_window / 2, slopes});
    if (c.context > 0) splice(ex, {slopes, {out.data(), {T, extractor.dim()}}});
  }
};

Prepared prepare(Exec& ex, const Problem& p, MelEngine engine, int seconds) {
  FeatureConfig config = feature_preset(p.preset);
  config.kind = p.kind;
  config.deltas = p.deltas;
  config.context = p.context;
  config.engine = engine;
  const std::vector<float> given = random(Index{config.sample_rate} * seconds, 1, 0.3);
  const auto front = std::make_shared<const FrontEnd>(ex, config, given);
  const FeatureConfig& resolved = front->extractor.config();

  const std::vector<float> head(given.begin(), given.begin() + config.sample_rate / 2);
  const auto want = oracle::flat(oracle::features(resolved, head));
  std::string wrong = compare("features", features_of(ex, front->extractor, head).matrix(ex).values, want, 1e-5);

  const auto T = static_cast<double>(front->rows());
  return {[=, &ex] { front->run(ex); },
          {.frames = T,
           .flops = T * flops_of(resolved),
           .bytes = 4 * (static_cast<double>(given.size()) + T * static_cast<double>(front->extractor.dim())),
           .audio_s = static_cast<double>(seconds)},
          std::move(wrong),
          {}};
}

Size size_of(int seconds) { return seconds == 1 ? Size::smallest : seconds == 60 ? Size::standard : Size::more; }

}  // namespace

void add_features(Cases& cases) {
  const auto add = [&](Device device, const Problem& p, MelEngine engine, int seconds) {
    const std::string shape =
        fmt::format("seconds:{}/{}{}", seconds, p.preset, engine == MelEngine::cufft ? "/cufft" : "");
    cases.push_back({op_name(p.op, device, shape), device, size_of(seconds),
                     [=](Exec& ex) { return prepare(ex, p, engine, seconds); }});
  };
  for (const Device device : {Device::cpu, Device::gpu})
    for (const int seconds : {1, 5, 60})
      for (const Problem& p : kProblems) {
        add(device, p, MelEngine::fused, seconds);
        if (device == Device::gpu && std::string_view(p.op) == "mel") add(device, p, MelEngine::cufft, seconds);
      }
}

}  // namespace cutract::bench
