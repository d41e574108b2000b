#include <cstdint>

#include "kernels/column_sums_gpu.h"
#include "kernels/gemm/gemm_gpu.h"
#include "kernels/lstm/lstm_cudnn_gpu.h"
#include "kernels/lstm/lstm_gpu.h"
#include "kernels/lstm/lstm_tile.cuh"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns one element of out [H, 4H]; neighbouring threads write neighbouring floats.
__global__ void __launch_bounds__(kBlock) transpose_kernel(const float* w, float* out, int H) {
  const Index at = Index(blockIdx.x) * kBlock + threadIdx.x;
  if (at < Index(4) * H * H) out[at] = w[at % (4 * H) * H + at / (4 * H)];
}

// The number of rows of utterance u; for the last utterance, including the rows after it.
__device__ Index rows_of(const LstmSteps& a, int u, Index N) {
  return u + 1 == a.utterances ? N - a.offset[u] : Index(a.length[u]);
}

constexpr unsigned kBlocksPerUtterance = 16;

// out [D, N, H] = h of the previous step; zero at the first step and after the last utterance. The blocks along y share
// one utterance in one direction and take its elements in turn.
__global__ void __launch_bounds__(kBlock) previous_h_kernel(LstmStepsBackward a, float* out, Index N) {
  const int u = static_cast<int>(blockIdx.x), d = static_cast<int>(blockIdx.z), H = a.H;
  const int offset = a.offset[u], length = a.length[u];
  for (Index i = Index(blockIdx.y) * kBlock + threadIdx.x; i < rows_of(a, u, N) * H; i += Index(gridDim.y) * kBlock) {
    const Index t = i / H, j = i % H, before = d == 0 ? t - 1 : t + 1;
    const bool begun = t < length && before >= 0 && before < length;
    out[(d * N + offset + t) * H + j] = begun ? a.h[((offset + before) * a.directions + d) * H + j] : 0.0f;
  }
}

// Zeroes h and the gates after the last utterance: the next layer reads those rows of h, and backward sums those of the
// gates. All blocks take elements in turn.
__global__ void __launch_bounds__(kBlock) clear_behind_kernel(LstmStepsForward a, Index N) {
  const int last = a.utterances - 1;
  const Index begin = Index(a.offset[last]) + a.length[last], width = Index(a.directions) * a.H;
  const Index from = Index(blockIdx.x) * kBlock + threadIdx.x, stride = Index(gridDim.x) * kBlock;
  for (Index i = begin * width + from; i < N * width; i += stride) a.h[i] = 0;
  if (CUTRACT_PLANTED("gpu_gates_left_behind")) return;
  for (Index i = begin * 4 * width + from; i < N * 4 * width; i += stride) a.gates[i] = 0;
}

// Builds LstmStepsForward from LstmArgs, or LstmStepsBackward from LstmBackwardArgs.
template <class Steps, class Args>
Steps steps_of(const Args& a) {
  const Index D = a.h.shape[1];
  Steps s{};
  for (Index d = 0; d < D; ++d) {
    const LstmWeights& w = a.w[static_cast<std::size_t>(d)];
    s.w_hh[d] = w.w_hh.data;
    s.b_ih[d] = w.b_ih.data;
    s.b_hh[d] = w.b_hh.data;
  }
  s.offset = a.ragged.offset.data;
  s.length = a.ragged.length.data;
  s.utterances = a.ragged.utterances;
  s.directions = static_cast<int>(D);
  s.H = static_cast<int>(a.h.shape[2]);
  s.gates = a.gates.data;
  s.c = a.c.data;
  s.h = a.h.data;
  return s;
}

float* float_workspace(GpuExec& ex, Index n) { return reinterpret_cast<float*>(ex.workspace((n + 1) / 2)); }

// Args is LstmArgs or LstmBackwardArgs.
template <class Args>
LstmEngine engine_of(const GpuExec& ex, const Args& a) {
  const Index H = a.h.shape[2], B = a.ragged.utterances;
  return choose_engine(ex, {.engine = a.engine,
                            .precision = a.precision,
                            .H = H,
                            .rows = B,
                            .ragged = a.ragged.frames != B * a.ragged.longest})
      .engine;
}

// Computes dW and dR of all directions, and dx.
void products(GpuExec& ex, const LstmBackwardArgs& a, const float* h_prev) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  for (Index d = 0; d < D; ++d) {
    const auto at = static_cast<std::size_t>(d);
    const float* dgates = a.gates.data + d * 4 * H;
    const LstmGradients& dw = a.dw[at];
    const GemmOperand left{dgates, D * 4 * H, true};
    gemm(ex, 4 * H, F, N, left, {a.x.data, F}, true, dw.w_ih.data, F, a.precision);
    gemm(ex, 4 * H, H, N, left, {h_prev + d * N * H, H}, true, dw.w_hh.data, H, a.precision);
    if (a.dx.data)
      gemm(ex, N, F, 4 * H, {dgates, D * 4 * H}, {a.w[at].w_ih.data, F}, d > 0 || a.add_dx, a.dx.data, F, a.precision);
  }
}

}  // namespace

void lstm(GpuExec& ex, const LstmArgs& a) {
  const Index N = a.x.shape[0], F = a.x.shape[1], D = a.h.shape[1], H = a.h.shape[2];
  if (N == 0) return;
  const LstmEngine engine = engine_of(ex, a);
  if (engine == LstmEngine::cudnn) return lstm_cudnn(ex, a);
  LstmStepsForward s = steps_of<LstmStepsForward>(a);
  for (Index d = 0; d < D; ++d)
    gemm(ex, N, 4 * H, F, {a.x.data, F}, {a.w[static_cast<std::size_t>(d)].w_ih.data, F, true}, false,
         a.gates.data + d * 4 * H, D * 4 * H, a.precision);
  launch(ex, "lstm", clear_behind_kernel, kBlocksPerUtterance, kBlock, s, N);
  if (engine == LstmEngine::cluster) return lstm_cluster(ex, s);
  if (engine == LstmEngine::persistent) return lstm_persistent(ex, s, a.precision);
  float* w_t = float_workspace(ex, D * 4 * H * H);
  for (Index d = 0; d < D; ++d) {
    float* out = w_t + d * 4 * H * H;
    launch(ex, "lstm", transpose_kernel, grid_for(4 * H * H, kBlock), kBlock, s.w_hh[d], out, s.H);
    s.w_t[d] = out;
  }
  lstm_steps(ex, s);
}

Index lstm_reserve_bytes(GpuExec& ex, const LstmArgs& a) {
  return engine_of(ex, a) == LstmEngine::cudnn ? lstm_cudnn_reserve(ex, a) : 0;
}

void lstm_backward(GpuExec& ex, const LstmBackwardArgs& a) {
  const Index N = a.x.shape[0], D = a.h.shape[1], H = a.h.shape[2];
  if (N == 0) return;
  const LstmEngine engine = engine_of(ex, a);
  if (engine == LstmEngine::cudnn) return lstm_backward_cudnn(ex, a);
  LstmStepsBackward s = steps_of<LstmStepsBackward>(a);
  s.dh = a.dh.data;
  if (engine == LstmEngine::cluster)
    lstm_cluster(ex, s);
  else if (engine == LstmEngine::persistent)
    lstm_persistent(ex, s, a.precision);
  else
    lstm_steps(ex, s);

  float* h_prev = float_workspace(ex, D * N * H);
  const Geometry g{{static_cast<unsigned>(s.utterances), kBlocksPerUtterance, static_cast<unsigned>(D)}, {kBlock}};
  launch(ex, "lstm_backward", previous_h_kernel, g, s, h_prev, N);
  products(ex, a, h_prev);
  for (Index d = 0; d < D; ++d) {  // last, because they use the workspace in which h_prev was
    const LstmGradients& dw = a.dw[static_cast<std::size_t>(d)];
    add_column_sums(ex, a.gates.data + d * 4 * H, N, 4 * H, D * 4 * H, dw.b_ih.data, dw.b_hh.data);
  }
}

}  // namespace cutract
