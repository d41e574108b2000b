#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "host/core/plant.h"
#include "kernels/mel.h"
#include "kernels/mel_fft.h"

namespace cutract {
namespace {

constexpr Index kTile = 64;  // frames of one task; fixed, so that the number of threads changes no bit

Index wrapped(Index i, Index period) { return (i % period + period) % period; }

double sample_at(const MelArgs& a, Index i) {
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

// One frame, ready for the FFT: x [n_fft], whose values behind the window stay as they are.
void windowed_frame(const MelArgs& a, Index t, double* x) {
  const Index W = a.window.shape[0], start = t * a.hop + a.first + (CUTRACT_PLANTED("mel_window_shift") ? 1 : 0);
  if (start >= 0 && start + W <= a.samples.shape[0])
    for (Index i = 0; i < W; ++i) x[i] = a.sample_scale * a.samples.data[start + i];
  else
    for (Index i = 0; i < W; ++i) x[i] = a.sample_scale * sample_at(a, start + i);
  if (a.remove_dc) {
    double sum = 0;
    for (Index i = 0; i < W; ++i) sum += x[i];
    for (Index i = 0; i < W; ++i) x[i] -= sum / static_cast<double>(W);
  }
  if (a.preemphasis != 0) {
    for (Index i = W - 1; i > 0; --i) x[i] -= a.preemphasis * x[i - 1];
    x[0] -= a.preemphasis * x[0];
  }
  for (Index i = 0; i < W; ++i) x[i] *= a.window.data[i];
}

double logarithm(const MelArgs& a, double power) {
  const double x = a.add_floor ? power + a.floor : std::max(power, a.floor);
  if (a.log == LogUnit::ln) return std::log(x);
  return (a.log == LogUnit::db ? 10 : 1) * std::log10(x);
}

// Frames t .. end - 1; returns the largest value.
float log_mel_tile(const MelArgs& a, const PowerSpectrum& spectrum, Index t, Index end) {
  const Index M = a.out.shape[1];
  PowerSpectrum::Work work(spectrum);
  std::vector<double> x(static_cast<std::size_t>(a.n_fft)), power(static_cast<std::size_t>(spectrum.bins()));
  float most = -std::numeric_limits<float>::infinity();
  for (; t < end; ++t) {
    windowed_frame(a, t, x.data());
    spectrum(x.data(), power.data(), work);
    for (Index m = 0; m < M; ++m) {
      const double* bin = power.data() + a.filter_bin.data[m];
      double sum = 0;
      for (std::int32_t w = a.filter_offset.data[m]; w < a.filter_offset.data[m + 1]; ++w)
        sum += a.filter_weight.data[w] * *bin++;
      const float y = static_cast<float>(logarithm(a, sum));
      a.out.row(t)[m] = y;
      most = std::max(most, y);
    }
  }
  return most;
}

}  // namespace

void mel(CpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], tiles = (T + kTile - 1) / kTile;
  if (T == 0) return;
  const PowerSpectrum spectrum(a.n_fft);
  std::vector<float> most(static_cast<std::size_t>(tiles));
  ex.parallel(tiles, [&](Index tile) {
    most[static_cast<std::size_t>(tile)] = log_mel_tile(a, spectrum, tile * kTile, std::min(T, (tile + 1) * kTile));
  });
  if (a.range == 0 && a.shift == 0 && a.gain == 1) return;
  const double least =
      a.range > 0 ? *std::max_element(most.begin(), most.end()) - a.range : -std::numeric_limits<double>::infinity();
  for (float& y : std::span(a.out.data, static_cast<std::size_t>(a.out.size())))
    y = static_cast<float>((std::max<double>(y, least) + a.shift) * a.gain);
}

}  // namespace cutract
