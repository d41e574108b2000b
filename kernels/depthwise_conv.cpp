#include "kernels/depthwise_conv.h"

#include <string>

#include "host/core/error.h"

namespace cutract {
namespace {

void expect_taps(const std::string& op, Index K) {
  if (K < 1 || K > kMostConvTaps || K % 2 == 0)
    fail(Fault::internal, op + ".w: the kernel has " + std::to_string(K) + " taps, expected an odd number from 1 to " +
                              std::to_string(kMostConvTaps));
}

}  // namespace

void depthwise_conv(Exec& ex, const DepthwiseConvArgs& a) {
  const Index C = a.x.shape[1], K = a.w.shape[1];
  expect_ragged(ex, "depthwise_conv", a.ragged, a.x.shape[0]);
  expect_taps("depthwise_conv", K);
  expect_shape("depthwise_conv.w", a.w, {C, K});
  expect_shape("depthwise_conv.b", a.b, {C});
  expect_shape("depthwise_conv.y", a.y, a.x.shape);
  std::visit([&](auto& on) { depthwise_conv(on, a); }, ex);
}

void depthwise_conv_backward(Exec& ex, const DepthwiseConvBackwardArgs& a) {
  const Index C = a.x.shape[1], K = a.w.shape[1];
  expect_ragged(ex, "depthwise_conv_backward", a.ragged, a.x.shape[0]);
  expect_taps("depthwise_conv_backward", K);
  expect_shape("depthwise_conv_backward.w", a.w, {C, K});
  expect_shape("depthwise_conv_backward.dy", a.dy, a.x.shape);
  if (a.dx.data) expect_shape("depthwise_conv_backward.dx", a.dx, a.x.shape);
  expect_shape("depthwise_conv_backward.dw", a.dw, {C, K});
  expect_shape("depthwise_conv_backward.db", a.db, {C});
  std::visit([&](auto& on) { depthwise_conv_backward(on, a); }, ex);
}

}  // namespace cutract
