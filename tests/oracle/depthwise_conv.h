#pragma once

#include <cstddef>
#include <vector>

// Convolution of each channel along the frames of utterances, and its gradients, one product at a time in double.
// Shares no code with the code under test.
namespace cutract::oracle {

struct DepthwiseConv {
  int C = 0, K = 0;
  std::vector<double> w;  // [C, K]
  std::vector<double> b;  // [C]
};

// Calls visit(n, m, c, k) for every product: frame n of the output meets frame m of the input by tap k of channel c.
template <class Visit>
void each_product(const DepthwiseConv& conv, const std::vector<int>& lengths, Visit&& visit) {
  int start = 0;
  for (const int T : lengths) {
    for (int to = 0; to < T; ++to)
      for (int k = 0; k < conv.K; ++k) {
        const int from = to + k - conv.K / 2;
        if (from < 0 || from >= T) continue;
        for (int c = 0; c < conv.C; ++c)
          visit(static_cast<std::size_t>(start + to), static_cast<std::size_t>(start + from),
                static_cast<std::size_t>(c), static_cast<std::size_t>(k));
      }
    start += T;
  }
}

// x is [N, C] with the utterances one after another; returns y [N, C].
inline std::vector<double> depthwise_conv(const DepthwiseConv& conv, const std::vector<int>& lengths,
                                          const std::vector<double>& x) {
  const auto C = static_cast<std::size_t>(conv.C), K = static_cast<std::size_t>(conv.K);
  std::vector<double> y(x.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = conv.b[i % C];
  each_product(conv, lengths, [&](std::size_t n, std::size_t m, std::size_t c, std::size_t k) {
    y[n * C + c] += conv.w[c * K + k] * x[m * C + c];
  });
  return y;
}

struct DepthwiseConvGradient {
  std::vector<double> dx, dw, db;
};

inline DepthwiseConvGradient depthwise_conv_gradient(const DepthwiseConv& conv, const std::vector<int>& lengths,
                                                     const std::vector<double>& x, const std::vector<double>& dy) {
  const auto C = static_cast<std::size_t>(conv.C), K = static_cast<std::size_t>(conv.K);
  DepthwiseConvGradient g{std::vector<double>(x.size()), std::vector<double>(C * K), std::vector<double>(C)};
  for (std::size_t i = 0; i < dy.size(); ++i) g.db[i % C] += dy[i];
  each_product(conv, lengths, [&](std::size_t n, std::size_t m, std::size_t c, std::size_t k) {
    g.dx[m * C + c] += conv.w[c * K + k] * dy[n * C + c];
    g.dw[c * K + k] += dy[n * C + c] * x[m * C + c];
  });
  return g;
}

}  // namespace cutract::oracle
