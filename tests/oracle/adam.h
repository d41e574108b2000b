#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

// Adam as algorithm 1 of Kingma and Ba (2015) and AdamW as algorithm 2 of Loshchilov and Hutter (2019), line by line,
// in double. Shares no code with the code under test.
namespace cutract::oracle {

struct Adam {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  bool decoupled = false;
  std::vector<double> theta, m = {}, v = {};
  int t = 0;

  void step(const std::vector<double>& gradient) {
    m.resize(theta.size());
    v.resize(theta.size());
    ++t;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      const double g = gradient[i] + (decoupled ? 0 : weight_decay * theta[i]);
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(beta1, t));
      const double v_hat = v[i] / (1 - std::pow(beta2, t));
      const double decay = decoupled ? lr * weight_decay * theta[i] : 0;
      theta[i] = theta[i] - decay - lr * m_hat / (std::sqrt(v_hat) + eps);
    }
  }
};

}  // namespace cutract::oracle
