#include "kernels/mel.h"

#include <string>

#include "host/core/error.h"

namespace cutract {
namespace {

// The tables of a GPU lie where only it can read them.
void check_filters(const MelArgs& a, bool on_host) {
  const Index M = a.out.shape[1], K = a.n_fft / 2 + 1;
  expect_shape("mel.filter_bin", a.filter_bin, {M});
  expect_shape("mel.filter_offset", a.filter_offset, {M + 1});
  if (!on_host) return;
  expect_shape("mel.filter_weight", a.filter_weight, {a.filter_offset.data[M]});
  for (Index m = 0; m < M; ++m) {
    const Index bins = a.filter_offset.data[m + 1] - a.filter_offset.data[m], bin = a.filter_bin.data[m];
    if (bins < 0 || bin < 0 || bin + bins > K)
      fail(Fault::internal, "mel.filter_bin: filter " + std::to_string(m) + " reaches beyond the spectrum");
  }
}

}  // namespace

void mel(Exec& ex, const MelArgs& a) {
  const Index W = a.window.shape[0];
  if (W < 1 || a.n_fft < W || a.hop < 1)
    fail(Fault::internal, "mel: window " + std::to_string(W) + ", n_fft " + std::to_string(a.n_fft) + ", hop " +
                              std::to_string(a.hop) + ", expected 1 <= window <= n_fft and hop >= 1");
  if (a.out.shape[0] > 0 && a.samples.shape[0] == 0 && a.edge != Edge::zero)
    fail(Fault::internal, "mel.samples: is empty, expected a sample to reflect");
  expect_shape("mel.roots", a.roots, {a.n_fft, 2});
  check_filters(a, std::holds_alternative<CpuExec>(ex));
  std::visit([&](auto& on) { mel(on, a); }, ex);
}

}  // namespace cutract
