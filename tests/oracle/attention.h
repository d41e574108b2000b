#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/oracle/dropout.h"

// Scaled dot-product attention of one utterance from its definition, in double, with all probabilities in memory; its
// gradients by the chain rule through softmax. Shares no code with the code under test.
namespace cutract::oracle {

struct Attention {
  std::size_t heads, size, frames;  // size of a head
  std::vector<double> qkv;          // [frames, 3, heads, size]
  std::size_t window = 0;           // 0: all keys
  double p = 0;                     // of dropout
  std::uint64_t key = 0, uid = 0;

  double at(std::size_t part, std::size_t head, std::size_t t, std::size_t i) const {
    return qkv[((t * 3 + part) * heads + head) * size + i];
  }
  bool sees(std::size_t query, std::size_t k) const {
    return window == 0 || (query > k ? query - k : k - query) <= window;
  }
  double kept(std::size_t head, std::size_t query, std::size_t k) const {
    if (p == 0) return 1;
    const Words r = philox4x32_10({k / 4, query, uid, head}, {key % 4294967296, key / 4294967296});
    return static_cast<double>(r[k % 4] / 256) / 16777216.0 >= p ? 1 / (1 - p) : 0;
  }
  // Probabilities of the keys for one query, and ln of the sum of their exponentials.
  std::vector<double> probabilities(std::size_t head, std::size_t query, double* lse = nullptr) const {
    std::vector<double> s(frames, -INFINITY);
    for (std::size_t k = 0; k < frames; ++k) {
      if (!sees(query, k)) continue;
      s[k] = 0;
      for (std::size_t i = 0; i < size; ++i) s[k] += at(0, head, query, i) * at(1, head, k, i);
      s[k] /= std::sqrt(static_cast<double>(size));
    }
    const double most = *std::max_element(s.begin(), s.end());
    double sum = 0;
    for (const double v : s) sum += std::exp(v - most);
    for (double& v : s) v = std::exp(v - most) / sum;
    if (lse) *lse = most + std::log(sum);
    return s;
  }
  // The output of one head for one query, and the gradient of that query.
  std::vector<double> output(std::size_t head, std::size_t query) const {
    const std::vector<double> p_of = probabilities(head, query);
    std::vector<double> out(size);
    for (std::size_t k = 0; k < frames; ++k)
      for (std::size_t i = 0; i < size; ++i) out[i] += p_of[k] * kept(head, query, k) * at(2, head, k, i);
    return out;
  }
  std::vector<double> query_gradient(std::size_t head, std::size_t query, const std::vector<double>& dout) const {
    const std::vector<double> p_of = probabilities(head, query);
    std::vector<double> dp(frames), out(size);
    double mean = 0;
    for (std::size_t k = 0; k < frames; ++k) {
      for (std::size_t i = 0; i < size; ++i)
        dp[k] += dout[(query * heads + head) * size + i] * at(2, head, k, i) * kept(head, query, k);
      mean += p_of[k] * dp[k];
    }
    for (std::size_t k = 0; k < frames; ++k)
      for (std::size_t i = 0; i < size; ++i)
        out[i] += p_of[k] * (dp[k] - mean) / std::sqrt(static_cast<double>(size)) * at(1, head, k, i);
    return out;
  }
  struct Forward {
    std::vector<double> out, lse;
  };
  Forward forward() const {
    Forward f{std::vector<double>(frames * heads * size), std::vector<double>(frames * heads)};
    for (std::size_t t = 0; t < frames; ++t)
      for (std::size_t h = 0; h < heads; ++h) {
        const std::vector<double> p_of = probabilities(h, t, &f.lse[t * heads + h]);
        for (std::size_t k = 0; k < frames; ++k)
          for (std::size_t i = 0; i < size; ++i)
            f.out[(t * heads + h) * size + i] += p_of[k] * kept(h, t, k) * at(2, h, k, i);
      }
    return f;
  }
  std::vector<double> backward(const std::vector<double>& dout) const {
    std::vector<double> d(qkv.size());
    const auto add = [&](std::size_t part, std::size_t h, std::size_t t, std::size_t i, double v) {
      d[((t * 3 + part) * heads + h) * size + i] += v;
    };
    for (std::size_t t = 0; t < frames; ++t)
      for (std::size_t h = 0; h < heads; ++h) {
        const std::vector<double> p_of = probabilities(h, t);
        std::vector<double> dp(frames);
        double mean = 0;
        for (std::size_t k = 0; k < frames; ++k) {
          for (std::size_t i = 0; i < size; ++i) {
            const double of = dout[(t * heads + h) * size + i];
            dp[k] += of * at(2, h, k, i) * kept(h, t, k);
            add(2, h, k, i, p_of[k] * kept(h, t, k) * of);
          }
          mean += p_of[k] * dp[k];
        }
        for (std::size_t k = 0; k < frames; ++k)
          for (std::size_t i = 0; i < size; ++i) {
            const double ds = p_of[k] * (dp[k] - mean) / std::sqrt(static_cast<double>(size));
            add(0, h, t, i, ds * at(1, h, k, i));
            add(1, h, k, i, ds * at(0, h, t, i));
          }
      }
    return d;
  }
};

}  // namespace cutract::oracle
