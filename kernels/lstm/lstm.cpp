#include "kernels/lstm/lstm.h"

#include <string>

namespace cutract {
namespace {

// W is LstmWeights or LstmGradients.
template <class W>
void check_weights(const std::string& what, const W& w, Index F, Index H) {
  expect_shape(what + ".w_ih", w.w_ih, {4 * H, F});
  expect_shape(what + ".w_hh", w.w_hh, {4 * H, H});
  expect_shape(what + ".b_ih", w.b_ih, {4 * H});
  expect_shape(what + ".b_hh", w.b_hh, {4 * H});
}

}  // namespace

void lstm(Exec& ex, const LstmArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  expect_ragged(ex, "lstm", a.ragged, N);
  expect_shape("lstm.gates", a.gates, {N, D, 4 * H});
  expect_shape("lstm.c", a.c, {N, D, H});
  expect_shape("lstm.h", a.h, {N, D, H});
  for (Index d = 0; d < D; ++d) check_weights("lstm", a.w[static_cast<std::size_t>(d)], F, H);
  std::visit([&](auto& on) { lstm(on, a); }, ex);
}

Index lstm_reserve_bytes(Exec& ex, const LstmArgs& a) {
  auto* gpu = std::get_if<GpuExec>(&ex);
  return gpu ? lstm_reserve_bytes(*gpu, a) : 0;
}

void lstm_backward(Exec& ex, const LstmBackwardArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  expect_ragged(ex, "lstm_backward", a.ragged, N);
  expect_shape("lstm_backward.gates", a.gates, {N, D, 4 * H});
  expect_shape("lstm_backward.c", a.c, {N, D, H});
  expect_shape("lstm_backward.h", a.h, {N, D, H});
  expect_shape("lstm_backward.dh", a.dh, {N, D, H});
  if (a.dx.data) expect_shape("lstm_backward.dx", a.dx, {N, F});
  for (Index d = 0; d < D; ++d) {
    check_weights("lstm_backward", a.w[static_cast<std::size_t>(d)], F, H);
    check_weights("lstm_backward.dw", a.dw[static_cast<std::size_t>(d)], F, H);
  }
  std::visit([&](auto& on) { lstm_backward(on, a); }, ex);
}

}  // namespace cutract
