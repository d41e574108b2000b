#pragma once

#include <cmath>
#include <string>

// The activations of torch.nn by name, and their derivatives, in double. Shares no code with the code under test.
namespace cutract::oracle {

inline double activation(const std::string& name, double x) {
  if (name == "relu") return std::fmax(x, 0.0);
  if (name == "tanh") return std::tanh(x);
  if (name == "silu") return x / (1 + std::exp(-x));
  if (name == "gelu") return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
  return x;
}

inline double activation_slope(const std::string& name, double x) {
  const double pi = std::acos(-1.0);
  if (name == "relu") return x > 0 ? 1 : 0;
  if (name == "tanh") return 1 / (std::cosh(x) * std::cosh(x));
  if (name == "silu") return (1 + std::exp(-x) + x * std::exp(-x)) / ((1 + std::exp(-x)) * (1 + std::exp(-x)));
  if (name == "gelu") return 0.5 * (1 + std::erf(x / std::sqrt(2.0))) + x * std::exp(-x * x / 2) / std::sqrt(2 * pi);
  return 1;
}

}  // namespace cutract::oracle
