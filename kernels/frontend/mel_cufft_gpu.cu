#include "kernels/frontend/mel_cufft_gpu.h"

#include <algorithm>
#include <limits>

#include "host/core/plant.h"
#include "kernels/frontend/fft_gpu.h"
#include "kernels/frontend/mel_edge.h"
#include "kernels/frontend/mel_frame_gpu.cuh"
#include "kernels/frontend/mel_log_gpu.cuh"

namespace cutract {
namespace {

constexpr int kFrames = 8;              // per block, one warp each
constexpr Index kMostPoints = 1 << 21;  // in the frames transformed at once: 16 MiB of spectra

Index frames_at_once(Index n_fft) { return std::clamp<Index>(kMostPoints / n_fft, 1, 4096); }
Index spectra_size(Index n_fft) { return frames_at_once(n_fft) * (n_fft / 2 + 1); }

// The utterance that contains a frame: the last one whose first frame is not after it.
__device__ Index utterance_of(const Starts& s, Index frame, Index frames) {
  Index from = 0, end = utterances_in(s);
  while (end - from > 1) {
    const Index middle = (from + end) / 2;
    (start_of(s, middle, frames) <= frame ? from : end) = middle;
  }
  return from;
}

// One warp owns one frame, counted from `first`: its row of `frames`, n_fft points.
__global__ void __launch_bounds__(32 * kFrames) frame_kernel(MelArgs a, Index first, Index count, float* frames) {
  const int lane = static_cast<int>(threadIdx.x % 32), n_fft = static_cast<int>(a.n_fft);
  const int size = static_cast<int>(a.window.shape[0]);
  const Index row = Index(blockIdx.x) * kFrames + threadIdx.x / 32, t = first + row, T = a.out.shape[0];
  if (row >= count) return;
  const Index u = utterance_of(a.first_frame, t, T), S = a.samples.size();
  const Index from = start_of(a.first_sample, u, S), end = start_of(a.first_sample, u + 1, S);
  const Samples x = a.samples.part(from, end - from);
  const Index start = (t - start_of(a.first_frame, u, T)) * a.hop + a.first + (CUTRACT_PLANTED("cufft_late") ? 1 : 0);
  float mean = 0;
  if (a.remove_dc) {
    for (int i = lane; i < size; i += 32) mean += sample_at(x, a.edge, start + i);
    mean = warp_sum(mean) / static_cast<float>(size);
  }
  const float preemphasis = static_cast<float>(a.preemphasis);
  float* out = frames + row * n_fft;
  for (int i = lane; i < n_fft; i += 32) {
    float v = 0;
    if (i < size) {
      const float now = sample_at(x, a.edge, start + i) - mean;
      const float before = sample_at(x, a.edge, start + (i > 0 ? i - 1 : 0)) - mean;
      v = (now - preemphasis * before) * static_cast<float>(a.sample_scale * a.window.data[i]);
    }
    out[i] = v;
  }
}

// One warp owns one frame and its row of out; each lane takes every 32nd filter.
__global__ void __launch_bounds__(32 * kFrames)
    filter_kernel(MelArgs a, Index first, Index count, const Complex* spectra, float* most) {
  const int lane = static_cast<int>(threadIdx.x % 32), filters = static_cast<int>(a.filter_bin.shape[0]);
  const Index row = Index(blockIdx.x) * kFrames + threadIdx.x / 32, t = first + row;
  if (row >= count) return;
  const Complex* spectrum = spectra + row * (a.n_fft / 2 + 1);
  float largest = -std::numeric_limits<float>::infinity();
  for (int m = lane; m < filters; m += 32) {
    const Complex* bin = spectrum + a.filter_bin.data[m];
    float sum = 0;
    for (int w = a.filter_offset.data[m]; w < a.filter_offset.data[m + 1]; ++w, ++bin)
      sum += static_cast<float>(a.filter_weight.data[w]) * (bin->re * bin->re + bin->im * bin->im);
    const float y = logarithm(a, sum);
    a.out.data[t * filters + m] = y;
    largest = fmaxf(largest, y);
  }
  largest = warp_max(largest);
  if (most != nullptr && lane == 0) most[CUTRACT_PLANTED("cufft_wrong_most") ? row : t] = largest;
}

}  // namespace

Index mel_cufft_scratch(Index n_fft) { return spectra_size(n_fft) + (frames_at_once(n_fft) * n_fft + 1) / 2; }

void mel_by_cufft(GpuExec& ex, const MelArgs& a, float* most, void* scratch) {
  auto* spectra = static_cast<Complex*>(scratch);
  auto* frames = reinterpret_cast<float*>(spectra + spectra_size(a.n_fft));
  const Index T = a.out.shape[0], room = frames_at_once(a.n_fft);
  for (Index first = 0; first < T; first += room) {
    const Index count = std::min(room, T - first);
    const unsigned blocks = grid_for(count, kFrames);
    launch(ex, "mel", frame_kernel, blocks, 32 * kFrames, a, first, count, frames);
    fft_real(ex, a.n_fft, room, count, frames, spectra);
    launch(ex, "mel", filter_kernel, blocks, 32 * kFrames, a, first, count, spectra, most);
  }
}

}  // namespace cutract
