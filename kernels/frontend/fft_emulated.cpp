#include <cmath>
#include <numbers>
#include <vector>

#include "host/device/emulated_gpu.h"
#include "kernels/frontend/fft_gpu.h"

namespace cutract {
namespace {

void transform(Index n, Index count, const float* signals, Complex* spectra) {
  std::vector<double> cosine, sine;
  for (Index i = 0; i < n; ++i) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(n);
    cosine.push_back(std::cos(angle));
    sine.push_back(std::sin(angle));
  }
  for (Index row = 0; row < count; ++row)
    for (Index k = 0; k <= n / 2; ++k) {
      double re = 0, im = 0;
      for (Index i = 0; i < n; ++i) {
        const auto turn = static_cast<std::size_t>(i * k % n);
        re += signals[row * n + i] * cosine[turn];
        im -= signals[row * n + i] * sine[turn];
      }
      *spectra++ = {static_cast<float>(re), static_cast<float>(im)};
    }
}

}  // namespace

void fft_real(GpuExec& ex, Index n, Index, Index count, const float* signals, Complex* spectra) {
  submit(ex, [=] { transform(n, count, signals, spectra); });
}

}  // namespace cutract
