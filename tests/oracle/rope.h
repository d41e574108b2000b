#pragma once

#include <cmath>
#include <complex>
#include <cstddef>
#include <vector>

// Rotary position embedding of one head of one frame, as a product of complex numbers in double. Shares no code with
// the code under test.
namespace cutract::oracle {

inline std::vector<double> rope(const std::vector<double>& head, double position) {
  const std::size_t half = head.size() / 2;
  std::vector<double> out(head.size());
  for (std::size_t i = 0; i < half; ++i) {
    const double frequency = std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(half));
    const auto turned = std::complex<double>(head[i], head[i + half]) * std::polar(1.0, position * frequency);
    out[i] = turned.real();
    out[i + half] = turned.imag();
  }
  return out;
}

}  // namespace cutract::oracle
