#include "kernels/attention/attention.h"

#include <fmt/format.h>

#include "host/core/error.h"

namespace cutract {
namespace {

void check_common(const Exec& ex, const char* op, const View<const float, 4>& qkv, const Ragged& ragged, Index window,
                  const AttentionDropout& dropout) {
  const auto [N, three, A, K] = qkv.shape;
  if (three != 3 || (K != 32 && K != 64) || A < 1 || window < 0)
    fail(Fault::internal, fmt::format("{}.qkv: shape is [{},{},{},{}] with a window of {}, expected [N,3,A,32] or "
                                      "[N,3,A,64] and a window of at least 0",
                                      op, N, three, A, K, window));
  expect_ragged(ex, op, ragged, N);
  if (dropout.p == 0) return;
  expect_shape(op + std::string(".dropout.step"), dropout.step, {1});
  expect_shape(op + std::string(".dropout.uid"), dropout.uid, {ragged.utterances});
}

}  // namespace

void attention(Exec& ex, const AttentionArgs& a) {
  check_common(ex, "attention", a.qkv, a.ragged, a.window, a.dropout);
  const auto [N, three, A, K] = a.qkv.shape;
  expect_shape("attention.out", a.out, {N, A, K});
  expect_shape("attention.lse", a.lse, {N, A});
  std::visit([&](auto& on) { attention(on, a); }, ex);
}

void attention_backward(Exec& ex, const AttentionBackwardArgs& a) {
  check_common(ex, "attention_backward", a.qkv, a.ragged, a.window, a.dropout);
  const auto [N, three, A, K] = a.qkv.shape;
  expect_shape("attention_backward.out", a.out, {N, A, K});
  expect_shape("attention_backward.lse", a.lse, {N, A});
  expect_shape("attention_backward.dout", a.dout, {N, A, K});
  expect_shape("attention_backward.dqkv", a.dqkv, a.qkv.shape);
  std::visit([&](auto& on) { attention_backward(on, a); }, ex);
}

}  // namespace cutract
