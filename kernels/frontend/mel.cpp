#include "kernels/frontend/mel.h"

#include <string>

#include "host/core/error.h"

namespace cutract {
namespace {

// With on_host false, the tables are in GPU memory and their contents cannot be checked here.
void check_filters(const MelArgs& a, bool on_host) {
  const Index M = a.filter_bin.shape[0], K = a.n_fft / 2 + 1;
  expect_shape("mel.filter_offset", a.filter_offset, {M + 1});
  if (a.basis.size() > 0) expect_shape("mel.basis", a.basis, {a.out.shape[1], M});
  expect_shape("mel.out", a.out, {a.out.shape[0], a.basis.size() > 0 ? a.basis.shape[0] : M});
  if (!on_host) return;
  expect_shape("mel.filter_weight", a.filter_weight, {a.filter_offset.data[M]});
  for (Index m = 0; m < M; ++m) {
    const Index bins = a.filter_offset.data[m + 1] - a.filter_offset.data[m], bin = a.filter_bin.data[m];
    if (bins < 0 || bin < 0 || bin + bins > K)
      fail(Fault::internal, "mel.filter_bin: filter " + std::to_string(m) + " reaches beyond the spectrum");
  }
}

// Every utterance with frames needs at least one sample to reflect.
void check_utterances(const MelArgs& a) {
  expect_starts("mel.first_sample", a.first_sample, a.samples.size());
  expect_starts("mel.first_frame", a.first_frame, a.out.shape[0]);
  for (Index u = 0; u < utterances_in(a.first_frame) && a.edge != Edge::zero; ++u) {
    const auto count = [u](const Starts& s, Index rows) { return start_of(s, u + 1, rows) - start_of(s, u, rows); };
    if (count(a.first_frame, a.out.shape[0]) > 0 && count(a.first_sample, a.samples.size()) == 0)
      fail(Fault::internal, "mel.samples: utterance " + std::to_string(u) + " is empty, expected a sample to reflect");
  }
}

}  // namespace

void mel(Exec& ex, const MelArgs& a) {
  const Index W = a.window.shape[0];
  if (W < 1 || a.n_fft < W || a.hop < 1)
    fail(Fault::internal, "mel: window " + std::to_string(W) + ", n_fft " + std::to_string(a.n_fft) + ", hop " +
                              std::to_string(a.hop) + ", expected 1 <= window <= n_fft and hop >= 1");
  if (a.first_sample.shape != a.first_frame.shape)
    fail(Fault::internal, "mel.first_frame: expected as many utterances as in mel.first_sample");
  const bool on_host = std::holds_alternative<CpuExec>(ex);
  if (on_host || !a.first_sample.data) check_utterances(a);
  expect_shape("mel.roots", a.roots, {a.n_fft, 2});
  check_filters(a, on_host);
  std::visit([&](auto& on) { mel(on, a); }, ex);
}

}  // namespace cutract
