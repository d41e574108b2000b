#include <algorithm>
#include <limits>
#include <vector>

#include "host/core/plant.h"
#include "kernels/clones.h"
#include "kernels/math.h"
#include "kernels/mel.h"
#include "kernels/mel_fft.h"

namespace cutract {
namespace {

constexpr Index kTile = 8 * kLanes;  // frames of one task; fixed, so that the number of threads changes no bit

Index wrapped(Index i, Index period) { return (i % period + period) % period; }

float sample_at(const MelArgs& a, Index i) {
  const Index S = a.samples.shape[0];
  if (i >= 0 && i < S) return a.samples.data[i];
  if (a.edge == Edge::zero) return 0;
  if (a.edge == Edge::mirror) {
    const Index j = wrapped(i, 2 * S);
    return a.samples.data[j < S ? j : 2 * S - 1 - j];
  }
  if (S == 1) return a.samples.data[0];
  const Index j = wrapped(i, 2 * (S - 1));
  return a.samples.data[j < S ? j : 2 * (S - 1) - j];
}

// What the frames t .. t + kLanes - 1 see, from the first sample of frame t on: the signal itself or, where that ends,
// a copy in `edge`.
const float* samples_of(const MelArgs& a, Index t, std::vector<float>& edge) {
  const Index start = t * a.hop + a.first + (CUTRACT_PLANTED("mel_window_shift") ? 1 : 0);
  const Index count = (kLanes - 1) * a.hop + a.window.shape[0];
  if (start >= 0 && start + count <= a.samples.shape[0]) return a.samples.data + start;
  edge.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) edge[static_cast<std::size_t>(i)] = sample_at(a, start + i);
  return edge.data();
}

// kLanes frames, ready for the FFT: x [n_fft].
CUTRACT_INLINE void windowed_frames(const MelArgs& a, const float* samples, Lanes* x) {
  const Index W = a.window.shape[0];
  for (Index i = 0; i < W; ++i) {
    Lanes v;
    for (Index l = 0; l < kLanes; ++l) v[l] = samples[l * a.hop + i];
    x[i] = a.sample_scale * v;
  }
  if (a.remove_dc) {
    Lanes sum[4] = {};  // apart, or each addition would wait for the one before
    for (Index i = 0; i < W; ++i) sum[i % 4] += x[i];
    const Lanes mean = (sum[0] + sum[1] + sum[2] + sum[3]) / static_cast<double>(W);
    for (Index i = 0; i < W; ++i) x[i] -= mean;
  }
  Lanes before = x[0];
  for (Index i = 0; i < W; ++i) {
    const Lanes now = x[i];
    x[i] = (now - a.preemphasis * before) * a.window.data[i];
    before = now;
  }
  std::fill(x + W, x + a.n_fft, Lanes{});
}

struct Buffers {  // of one task
  PowerSpectrum::Work fft;
  std::vector<float> edge;
  std::vector<RealLanes> power, mel;
  std::vector<float> log_mel;  // [M, kLanes]
  Buffers(const MelArgs& a, const PowerSpectrum& spectrum)
      : fft(spectrum),
        power(static_cast<std::size_t>(spectrum.bins())),
        mel(static_cast<std::size_t>(a.out.shape[1])),
        log_mel(mel.size() * kLanes) {}
};

CUTRACT_INLINE void filtered(const MelArgs& a, const Lanes* power, Lanes* mel) {
  for (Index m = 0; m < a.out.shape[1]; ++m) {
    const Lanes* bin = power + a.filter_bin.data[m];
    Lanes sum = {};
    for (std::int32_t w = a.filter_offset.data[m]; w < a.filter_offset.data[m + 1]; ++w)
      sum += a.filter_weight.data[w] * *bin++;
    mel[m] = sum;
  }
}

// [count]
CUTRACT_INLINE void logarithms(const MelArgs& a, const double* x, Index count, float* y) {
  constexpr double kLn10 = 2.302585092994046;
  const double unit = a.log == LogUnit::ln ? 1 : (a.log == LogUnit::db ? 10 : 1) / kLn10;
  const double least = a.add_floor ? -std::numeric_limits<double>::infinity() : a.floor,
               more = a.add_floor ? a.floor : 0;
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>(unit * log_fast((x[i] < least ? least : x[i]) + more));
}

// Frames t .. end - 1; returns the largest value.
CUTRACT_CLONES float log_mel_tile(const MelArgs& a, const PowerSpectrum& spectrum, Buffers& to, Index t, Index end) {
  const Index M = a.out.shape[1];
  float most[kLanes];
  std::fill_n(most, kLanes, -std::numeric_limits<float>::infinity());
  for (; t < end; t += kLanes) {
    windowed_frames(a, samples_of(a, t, to.edge), to.fft.signal());
    spectrum(to.fft, &to.power[0].value);
    filtered(a, &to.power[0].value, &to.mel[0].value);
    logarithms(a, &to.mel[0].value[0], M * kLanes, to.log_mel.data());
    for (Index l = 0; l < std::min(kLanes, end - t); ++l)
      for (Index m = 0; m < M; ++m) {
        const float y = to.log_mel[static_cast<std::size_t>(m * kLanes + l)];
        a.out.row(t + l)[m] = y;
        most[l] = std::max(most[l], y);
      }
  }
  return *std::max_element(most, most + kLanes);
}

CUTRACT_CLONES void adjust(const MelArgs& a, double least, float* y, Index count) {
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>((std::max<double>(y[i], least) + a.shift) * a.gain);
}

}  // namespace

void mel(CpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], M = a.out.shape[1], tiles = (T + kTile - 1) / kTile;
  if (T == 0) return;
  const PowerSpectrum spectrum(a.n_fft, a.roots.data);
  std::vector<float> most(static_cast<std::size_t>(tiles));
  ex.parallel(tiles, [&](Index tile) {
    Buffers buffers(a, spectrum);
    most[static_cast<std::size_t>(tile)] =
        log_mel_tile(a, spectrum, buffers, tile * kTile, std::min(T, (tile + 1) * kTile));
  });
  if (a.range == 0 && a.shift == 0 && a.gain == 1) return;
  const double least =
      a.range > 0 ? *std::max_element(most.begin(), most.end()) - a.range : -std::numeric_limits<double>::infinity();
  ex.parallel(tiles, [&](Index tile) {
    adjust(a, least, a.out.row(tile * kTile), (std::min(T, (tile + 1) * kTile) - tile * kTile) * M);
  });
}

}  // namespace cutract
