#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "features/config.h"

// The features of features/ and kernels/frontend/mel.h, computed in double by textbook methods: a padded signal, a
// discrete Fourier transform by its definition, and dense filters. Only the settings struct is shared with the code
// under test.
namespace cutract::oracle {

using Rows = std::vector<std::vector<double>>;

// Adds `left` and `right` samples to the signal, one at a time, by walking along it and turning around at its ends.
inline std::vector<double> padded(const std::vector<float>& x, int left, int right, Framing framing) {
  const int S = static_cast<int>(x.size());
  const auto at = [&](int i) -> double {
    if (i >= 0 && i < S) return x[i];
    if (framing == Framing::centre_zero || framing == Framing::snip) return 0;
    if (framing == Framing::centre_reflect) {
      if (S == 1) return x[0];
      while (i < 0 || i >= S) i = i < 0 ? -i : 2 * (S - 1) - i;
      return x[i];
    }
    while (i < 0 || i >= S) i = i < 0 ? -1 - i : 2 * S - 1 - i;
    return x[i];
  };
  std::vector<double> out;
  for (int i = -left; i < S + right; ++i) out.push_back(at(i));
  return out;
}

struct Cut {
  std::vector<double> signal;  // padded
  std::vector<int> start;      // of each window, in the padded signal
};

// Counts frames by placing windows until the next one would leave the padded signal (framing "cover": by Kaldi's
// count).
inline Cut cut(const FeatureConfig& c, const std::vector<float>& x) {
  const int S = static_cast<int>(x.size()), N = c.n_fft, W = c.win_samples, H = c.hop_samples;
  Cut out;
  if (c.framing == Framing::snip) {
    out.signal = padded(x, 0, 0, c.framing);
    for (int at = 0; at + W <= S; at += H) out.start.push_back(at);
  } else if (c.framing == Framing::cover) {
    const int reach = W + H;
    out.signal = S == 0 ? std::vector<double>() : padded(x, reach, reach, c.framing);
    for (int k = 0; (k + 1) * H <= S + H / 2; ++k) out.start.push_back(reach + k * H + H / 2 - W / 2);
  } else if (S > 0 || c.framing == Framing::centre_zero) {
    out.signal = padded(x, N / 2, N / 2, c.framing);
    for (int at = 0; at + N <= static_cast<int>(out.signal.size()); at += H) out.start.push_back(at + (N - W) / 2);
  }
  if (c.drop_last && !out.start.empty()) out.start.pop_back();
  return out;
}

inline std::vector<double> window(const FeatureConfig& c) {
  std::vector<double> w;
  const double pi = std::acos(-1.0), W = c.win_samples;
  for (int n = 0; n < c.win_samples; ++n) {
    if (c.window == WindowShape::hann) w.push_back(std::pow(std::sin(pi * n / W), 2));
    if (c.window == WindowShape::hamming) w.push_back(0.54 - 0.46 * std::cos(2 * pi * n / W));
    if (c.window == WindowShape::povey) w.push_back(std::pow(std::abs(std::sin(pi * n / (W - 1))), 2 * 0.85));
  }
  return w;
}

inline double mel_of(const FeatureConfig& c, double hz) {
  if (c.mel_scale != MelScale::slaney) return 2595 * std::log10(1 + hz / 700);
  return hz < 1000 ? hz / (200.0 / 3) : 15 + std::log(hz / 1000) / (std::log(6.4) / 27);
}
inline double hz_of(const FeatureConfig& c, double mel) {
  if (c.mel_scale != MelScale::slaney) return 700 * (std::pow(10, mel / 2595) - 1);
  return mel < 15 ? 200.0 / 3 * mel : 1000 * std::pow(6.4, (mel - 15) / 27);
}

inline Rows filters(const FeatureConfig& c) {  // [M, K]
  const double top = c.fmax_hz > 0 ? c.fmax_hz : c.sample_rate / 2.0;
  const double from = mel_of(c, c.fmin_hz), to = mel_of(c, top);
  std::vector<double> corner;  // in Hz
  for (int i = 0; i < c.n_mels + 2; ++i) corner.push_back(hz_of(c, from + (to - from) * i / (c.n_mels + 1)));
  Rows out;
  for (int m = 0; m < c.n_mels; ++m) {
    out.emplace_back();
    for (int k = 0; k <= c.n_fft / 2; ++k) {
      const double hz = static_cast<double>(c.sample_rate) * k / c.n_fft;
      const auto axis = [&](double f) { return c.mel_scale == MelScale::kaldi ? mel_of(c, f) : f; };
      const double x = axis(hz), a = axis(corner[m]), b = axis(corner[m + 1]), d = axis(corner[m + 2]);
      double weight = 0;
      if (x > a && x <= b) weight = (x - a) / (b - a);
      if (x > b && x < d) weight = (d - x) / (d - b);
      if (c.mel_norm == MelNorm::slaney) weight *= 2 / (corner[m + 2] - corner[m]);
      out.back().push_back(weight);
    }
  }
  return out;
}

inline std::vector<double> power_spectrum(const std::vector<double>& x, int n_fft) {
  const double pi = std::acos(-1.0);
  std::vector<double> cosine, sine, out;
  for (int i = 0; i < n_fft; ++i) {
    cosine.push_back(std::cos(2 * pi * i / n_fft));
    sine.push_back(std::sin(2 * pi * i / n_fft));
  }
  for (int k = 0; k <= n_fft / 2; ++k) {
    double re = 0, im = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t at = i * static_cast<std::size_t>(k) % static_cast<std::size_t>(n_fft);
      re += x[i] * cosine[at];
      im -= x[i] * sine[at];
    }
    out.push_back(re * re + im * im);
  }
  return out;
}

inline Rows mel(const FeatureConfig& c, const std::vector<float>& x) {  // [T, M]
  const Cut frames = cut(c, x);
  const std::vector<double> w = window(c);
  const Rows bank = filters(c);
  Rows out;
  double most = -1e300;
  for (const int start : frames.start) {
    std::vector<double> frame(frames.signal.begin() + start, frames.signal.begin() + start + c.win_samples);
    double mean = 0;
    for (double& v : frame) {
      v *= c.sample_scale;
      mean += v / c.win_samples;
    }
    if (c.remove_dc)
      for (double& v : frame) v -= mean;
    std::vector<double> emphasised = frame;
    for (std::size_t i = 0; i < frame.size(); ++i)
      emphasised[i] = (frame[i] - c.preemphasis * frame[i > 0 ? i - 1 : 0]) * w[i];
    const std::vector<double> power = power_spectrum(emphasised, c.n_fft);
    out.emplace_back();
    for (const auto& filter : bank) {
      double sum = 0;
      for (std::size_t k = 0; k < power.size(); ++k) sum += filter[k] * power[k];
      const double safe = c.log_offset ? sum + c.log_floor : std::max(sum, c.log_floor);
      const double ln = std::log(safe);
      out.back().push_back(c.log == LogScale::ln ? ln : (c.log == LogScale::db ? 10 : 1) * ln / std::log(10.0));
      most = std::max(most, out.back().back());
    }
  }
  for (auto& row : out)
    for (double& v : row) {
      if (c.log == LogScale::db && c.top_db > 0) v = std::max(v, most - c.top_db);
      if (c.log == LogScale::whisper) v = (std::max(v, most - 8) + 4) / 4;
    }
  return out;
}

inline Rows cepstra(const FeatureConfig& c, const Rows& logmel) {  // [T, n_mfcc]
  const double pi = std::acos(-1.0), M = c.n_mels;
  Rows out;
  for (const auto& row : logmel) {
    out.emplace_back();
    for (int i = 0; i < c.n_mfcc; ++i) {
      double sum = 0;
      for (int m = 0; m < c.n_mels; ++m) sum += row[m] * std::cos(pi / M * (m + 0.5) * i);
      sum *= i == 0 ? std::sqrt(1 / M) : std::sqrt(2 / M);
      if (c.lifter > 0) sum *= 1 + 0.5 * c.lifter * std::sin(pi * i / c.lifter);
      out.back().push_back(sum);
    }
  }
  return out;
}

// The slope of a straight line fitted to each row and its neighbours.
inline Rows slopes(const Rows& x, int window) {
  Rows out = x;
  const int T = static_cast<int>(x.size()), n = (window - 1) / 2;
  for (int t = 0; t < T; ++t)
    for (std::size_t f = 0; f < x[t].size(); ++f) {
      double mean = 0, product = 0, squares = 0;
      for (int i = -n; i <= n; ++i) mean += x[std::min(std::max(t + i, 0), T - 1)][f] / window;
      for (int i = -n; i <= n; ++i) {
        product += i * (x[std::min(std::max(t + i, 0), T - 1)][f] - mean);
        squares += i * i;
      }
      out[t][f] = product / squares;
    }
  return out;
}

inline Rows features(const FeatureConfig& c, const std::vector<float>& x) {
  Rows base = mel(c, x);
  if (c.kind == FeatureKind::mfcc) base = cepstra(c, base);
  Rows whole = base, order = base;
  for (int o = 0; o < c.deltas; ++o) {
    order = slopes(order, c.delta_window);
    for (std::size_t t = 0; t < whole.size(); ++t) whole[t].insert(whole[t].end(), order[t].begin(), order[t].end());
  }
  Rows out(whole.size());
  const int T = static_cast<int>(whole.size());
  for (int t = 0; t < T; ++t)
    for (int s = t - c.context; s <= t + c.context; ++s) {
      const auto& row = whole[s < 0 ? 0 : s >= T ? T - 1 : s];
      out[t].insert(out[t].end(), row.begin(), row.end());
    }
  return out;
}

inline std::vector<double> flat(const Rows& rows) {
  std::vector<double> out;
  for (const auto& row : rows) out.insert(out.end(), row.begin(), row.end());
  return out;
}

}  // namespace cutract::oracle
