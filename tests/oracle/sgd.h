#pragma once

#include <cstddef>
#include <vector>

// Gradient descent with classical or Nesterov's momentum (Sutskever et al. 2013, in the form of PyTorch's
// documentation), line by line, in double. Shares no code with the code under test.
namespace cutract::oracle {

struct Sgd {
  double lr = 0.1, momentum = 0, weight_decay = 0;
  bool nesterov = false;
  std::vector<double> theta, b = {};

  void step(const std::vector<double>& gradient) {
    const bool first = b.empty();
    b.resize(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) {
      double g = gradient[i];
      if (weight_decay != 0) g = g + weight_decay * theta[i];
      if (momentum != 0) {
        b[i] = first ? g : momentum * b[i] + g;
        g = nesterov ? g + momentum * b[i] : b[i];
      }
      theta[i] = theta[i] - lr * g;
    }
  }
};

}  // namespace cutract::oracle
