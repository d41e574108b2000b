#include "features/tables.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "host/core/plant.h"

namespace cutract {
namespace {

constexpr double kPi = std::numbers::pi;

// Slaney's Auditory Toolbox (1998): linear to 1 kHz, where it is 15 mel, then a factor of 6.4 in 27 mel.
double slaney_mel(double hz) { return hz < 1000 ? hz * 3 / 200 : 15 + 27 * std::log(hz / 1000) / std::log(6.4); }
double slaney_hz(double mel) { return mel < 15 ? mel * 200 / 3 : 1000 * std::exp((mel - 15) * std::log(6.4) / 27); }

// The HTK book: 2595 log10(1 + f / 700); the natural logarithm's factor is Kaldi's 1127.
double htk_mel(double hz) { return 1127 * std::log(1 + hz / 700); }
double htk_hz(double mel) { return 700 * (std::exp(mel / 1127) - 1); }

// Height at x of the triangle over low .. high with its tip, 1, at centre; 0 or less outside.
double triangle(double x, double low, double centre, double high) {
  return std::min((x - low) / (centre - low), (high - x) / (high - centre));
}

}  // namespace

MelBank mel_bank(const FeatureConfig& c) {
  const bool slaney = c.mel_scale == MelScale::slaney && !CUTRACT_PLANTED("htk_for_slaney");
  const auto to_mel = slaney ? slaney_mel : htk_mel;
  const auto to_hz = slaney ? slaney_hz : htk_hz;
  const bool in_mel = c.mel_scale == MelScale::kaldi;
  const double low_mel = to_mel(c.fmin_hz), step = (to_mel(c.fmax_hz) - low_mel) / (c.n_mels + 1);
  MelBank bank;
  bank.offset.push_back(0);
  for (int m = 0; m < c.n_mels; ++m) {
    double corner[3], corner_hz[3];
    for (int i = 0; i < 3; ++i) {
      const double mel = low_mel + (m + i) * step;
      corner_hz[i] = to_hz(mel);
      corner[i] = in_mel ? mel : corner_hz[i];
    }
    const double height = c.mel_norm == MelNorm::slaney ? 2 / (corner_hz[2] - corner_hz[0]) : 1;
    std::int32_t first = 0;
    for (int k = 0; k <= c.n_fft / 2; ++k) {
      const double hz = static_cast<double>(k) * c.sample_rate / c.n_fft;
      const double w = triangle(in_mel ? to_mel(hz) : hz, corner[0], corner[1], corner[2]);
      if (w <= 0) continue;
      if (static_cast<std::int32_t>(bank.weight.size()) == bank.offset.back()) first = k;
      bank.weight.push_back(w * height);
    }
    bank.bin.push_back(first);
    bank.offset.push_back(static_cast<std::int32_t>(bank.weight.size()));
  }
  return bank;
}

std::vector<double> window_table(const FeatureConfig& c) {
  const bool periodic = c.window != WindowShape::povey;
  const double turn = 2 * kPi / (periodic ? c.win_samples : c.win_samples - 1);
  std::vector<double> w;
  for (int i = 0; i < c.win_samples; ++i) {
    const double cosine = std::cos(turn * i);
    if (c.window == WindowShape::hamming)
      w.push_back(0.54 - 0.46 * cosine);
    else if (c.window == WindowShape::povey)
      w.push_back(std::pow(0.5 - 0.5 * cosine, 0.85));
    else
      w.push_back(0.5 - 0.5 * cosine);
  }
  return w;
}

std::vector<double> root_table(const FeatureConfig& c) {
  std::vector<double> roots;
  for (int i = 0; i < c.n_fft; ++i) {
    const double angle = -2 * kPi * i / c.n_fft;
    roots.push_back(std::cos(angle));
    roots.push_back(std::sin(angle));
  }
  return roots;
}

std::vector<double> dct_table(const FeatureConfig& c) {
  const double M = c.n_mels;
  std::vector<double> basis;
  for (int i = 0; i < c.n_mfcc; ++i) {
    const double lifter = c.lifter > 0 ? 1 + c.lifter / 2 * std::sin(kPi * i / c.lifter) : 1;
    for (int m = 0; m < c.n_mels; ++m)
      basis.push_back(lifter * std::sqrt((i == 0 ? 1 : 2) / M) * std::cos(kPi * i * (m + 0.5) / M));
  }
  return basis;
}

}  // namespace cutract
