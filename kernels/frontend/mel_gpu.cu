#include <algorithm>
#include <limits>
#include <string>

#include "host/core/error.h"
#include "kernels/frontend/dct.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/mel_cufft_gpu.h"
#include "kernels/frontend/mel_edge.h"
#include "kernels/frontend/mel_fft_gpu.cuh"
#include "kernels/frontend/mel_fft_registers_gpu.cuh"
#include "kernels/frontend/mel_log_gpu.cuh"
#include "kernels/tiles.h"

// Samples to log-mels, or to cepstra, in one kernel. A warp processes a frame from framing to the last logarithm, and
// on to the DCT unless a maximum over the utterance (`range`) is needed in between. That maximum is applied by a
// second, small pass, in place. Slopes over time are a separate kernel (deltas_gpu.cu): a tile of 8 frames would need 4
// more on each side for the usual two orders of 2, which doubles the work of this kernel, whereas reading 13 cepstra
// again costs 52 bytes of L2 per frame.
namespace cutract {
namespace {

constexpr int kMostFrames = 8;            // per tile, one warp each
constexpr Index kMostBlocks = 1024;       // each processes a run of tiles, so that tables are built only a few times
constexpr Index kMostShared = 160 << 10;  // per block: sm_80 has 163 KiB, sm_90 227
constexpr Index kMostBasis = 4096;        // largest basis kept in shared memory, in values: 51 cepstra of 80 mels
constexpr int kAdjustBlock = 256, kAdjustFrames = 64;

// The layout of a block's shared memory, in floats.
struct MelPlan {
  int window = 0, filters = 0, weights = 0, cepstra = 0;  // sizes
  int frames = 0, staged = 0, of_warp = 0;                // of a tile: its frames and their samples; floats per warp
  Index window_at = 0, weights_at = 0, filters_at = 0, basis_at = 0, tables_at = 0, samples_at = 0, warps_at = 0;
  Index power_at = 0, log_mel_at = 0;  // within the memory of a warp
  Index floats = 0;
};

// Weights are stored in quads aligned to 16 bytes, with zeros after the last weight. The quads of filter m, whose first
// weight is number `offset`, start at this index. That leaves room for all filters before it, without counting their
// quads.
CUTRACT_HD int first_quad(int offset, int m) { return offset / 4 + m; }

template <class FftPlan>
MelPlan plan_with(const MelArgs& a, const FftPlan& fft, int frames) {
  MelPlan p;
  p.window = static_cast<int>(a.window.shape[0]);
  p.weights = static_cast<int>(a.filter_weight.shape[0]);
  p.filters = static_cast<int>(a.filter_bin.shape[0]);
  p.cepstra = static_cast<int>(a.basis.shape[0]);
  p.frames = frames;
  const Index staged = (frames - 1) * a.hop + p.window;
  p.staged = static_cast<int>(staged < kMostShared ? staged : kMostShared);
  const auto take = [&](Index count) {
    const Index at = p.floats;
    p.floats += (count + 3) / 4 * 4;
    return at;
  };
  p.window_at = take(p.window);
  p.weights_at = take(4 * first_quad(p.weights, p.filters));
  p.filters_at = take(2 * Index(p.filters) + 2);
  p.basis_at = take(a.basis.size());
  p.tables_at = take(fft.tables());
  p.samples_at = take(p.staged);
  p.power_at = fft.power_at();
  p.log_mel_at = p.power_at + a.n_fft / 2 + 1 + kSilentBins;
  const Index after = p.log_mel_at + (p.cepstra > 0 ? p.filters : 0);
  p.of_warp = static_cast<int>((std::max(fft.of_warp(), after) + 3) / 4 * 4);
  p.warps_at = take(Index(p.of_warp) * frames);
  return p;
}

Index bytes_of(const MelPlan& p) { return p.floats * static_cast<Index>(sizeof(float)); }

// Chooses the number of frames per block that keeps the most warps on a multiprocessor with 227 KiB.
template <class FftPlan>
MelPlan plan_for(const MelArgs& a, const FftPlan& fft) {
  MelPlan best;
  Index most = 0;
  for (int frames = kMostFrames; frames > 0 && a.n_fft <= kMostShared; frames /= 2) {
    const MelPlan p = plan_with(a, fft, frames);
    const Index warps = bytes_of(p) <= kMostShared ? (227 << 10) / (bytes_of(p) + 1024) * frames : 0;
    if (warps > most) {
      best = p;
      most = warps;
    }
  }
  if (most == 0)
    fail(Fault::device,
         "mel on the GPU: n_fft is " + std::to_string(a.n_fft) +
             ", expected one whose tables and frame fit into 160 KiB; the cuFFT engine and the CPU take any");
  return best;
}

struct MelShared {
  float *window, *weights;
  int2* filters;  // first bin and first weight of each filter, and an end entry
  float *basis, *tables, *samples, *of_warp;
};

__device__ MelShared shared_of(const MelPlan& p, int warp) {
  auto* at = reinterpret_cast<float*>(simt::shared_memory());
  return {at + p.window_at, at + p.weights_at, reinterpret_cast<int2*>(at + p.filters_at), at + p.basis_at,
          at + p.tables_at, at + p.samples_at, at + p.warps_at + warp * p.of_warp};
}

__device__ void make_tables(const MelArgs& a, const MelPlan& p, const MelShared& s, double window_scale) {
  const int thread = static_cast<int>(threadIdx.x), threads = 32 * p.frames;
  for (int i = thread; i < p.window; i += threads)
    s.window[i] = static_cast<float>(window_scale * a.sample_scale * a.window.data[i]);
  for (int m = thread / 32; m < p.filters; m += p.frames) {
    const int from = a.filter_offset.data[m], count = a.filter_offset.data[m + 1] - from;
    for (int i = thread % 32; i < (count + 3) / 4 * 4; i += 32)
      s.weights[4 * first_quad(from, m) + i] = i < count ? static_cast<float>(a.filter_weight.data[from + i]) : 0;
  }
  for (int m = thread; m <= p.filters; m += threads)
    s.filters[m] = make_int2(m < p.filters ? a.filter_bin.data[m] : 0, a.filter_offset.data[m]);
  for (int i = thread; i < p.cepstra * p.filters; i += threads)  // transposed, so that lanes read neighbouring values
    s.basis[i] = static_cast<float>(a.basis.data[i % p.cepstra * p.filters + i / p.cepstra]);
}

// Copies the samples of the frames of a tile of utterance u, from its sample `start` on, to shared memory.
__device__ void stage_samples(const MelArgs& a, const MelPlan& p, float* staged, Index u, Index start) {
  const Index from = start_of(a.first_sample, u, a.samples.size());
  const Samples x = a.samples.part(from, start_of(a.first_sample, u + 1, a.samples.size()) - from);
  if (CUTRACT_PLANTED("mel_gpu_window_shift")) ++start;
  for (int i = static_cast<int>(threadIdx.x); i < p.staged; i += 32 * p.frames)
    staged[i] = sample_at(x, a.edge, start + i);
}

// Each lane takes every 32nd filter. Returns the lane's largest value.
__device__ float log_mels(const MelArgs& a, const MelPlan& p, const MelShared& s, float* out, int lane) {
  float most = -std::numeric_limits<float>::infinity();
  for (int m = lane; m < p.filters; m += 32) {
    const int2 filter = s.filters[m];
    const int quads = (s.filters[m + 1].y - filter.y + 3) / 4;
    const auto* weights = reinterpret_cast<const float4*>(s.weights) + first_quad(filter.y, m);
    const float* bin = s.of_warp + p.power_at + filter.x;
    float sum = 0;
#pragma unroll 1  // few iterations, whose number differs between lanes
    for (int q = 0; q < quads; ++q, bin += 4) {
      const float4 w = weights[q];
      sum += w.x * bin[0];
      sum += w.y * bin[1];
      sum += w.z * bin[2];
      sum += w.w * bin[3];
    }
    out[m] = logarithm(a, sum);
    most = fmaxf(most, out[m]);
  }
  return most;
}

// Two lanes share a cepstrum: one sums the even mels, the other the odd ones.
__device__ void cepstra(const MelPlan& p, const float* basis, const float* log_mel, float* out, int lane) {
  for (int from = 0; from < p.cepstra; from += 16) {
    const int c = from + lane % 16;
    float sum = 0;
    for (int m = lane / 16; m < p.filters && c < p.cepstra; m += 2) sum += basis[m * p.cepstra + c] * log_mel[m];
    sum += __shfl_xor_sync(0xffffffffu, sum, 16);
    if (lane < 16 && c < p.cepstra) out[c] = sum;
  }
}

// Writes a frame's row of out from its power spectrum.
__device__ void put_row(const MelArgs& a, const MelPlan& p, const MelShared& s, Index row, float* most, int lane) {
  float* out = a.out.data + row * a.out.shape[1];
  float* log_mel = p.cepstra > 0 ? s.of_warp + p.log_mel_at : out;
  const float largest = warp_max(log_mels(a, p, s, log_mel, lane));
  if (most != nullptr && lane == 0) most[row] = largest;
  if (p.cepstra == 0) return;
  __syncwarp();
  cepstra(p, s.basis, log_mel, out, lane);
}

// One warp owns one frame. A block processes tiles of neighbouring frames, because these share samples, which are then
// read into shared memory once. Writes log-mels or cepstra and, if most is not null, the largest log-mel of each frame.
template <class Fft>
__global__ void __launch_bounds__(32 * kMostFrames, Fft::kBlocks)
    mel_kernel(MelArgs a, MelPlan p, typename Fft::Plan fft_plan, Tiles tiles, float* most) {
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const MelShared s = shared_of(p, warp);
  make_tables(a, p, s, Fft::kWindowScale);
  const Fft fft(a, fft_plan, s.tables);
  const int hop = static_cast<int>(a.hop) + (CUTRACT_PLANTED("mel_gpu_late_hop") ? 2 : 0);
  const Index end = tiles.count() * (blockIdx.x + 1) / gridDim.x;
  Index tile = tiles.count() * blockIdx.x / gridDim.x, u = tiles.utterance_of(tile);
  for (; tile < end; ++tile) {
    while (tile >= tiles.first(u + 1)) ++u;
    const Tiles::Tile of = tiles.at(tile, u);
    if (of.rows <= 0) continue;
    stage_samples(a, p, s.samples, u, of.first * a.hop + a.first);
    if (!CUTRACT_PLANTED("mel_gpu_no_barrier")) __syncthreads();
    if (warp < of.rows) {
      fft.power({s.samples + warp * hop, s.window, p.window, static_cast<float>(a.preemphasis), a.remove_dc}, s.of_warp,
                s.of_warp + p.power_at, lane);
      const Index row = start_of(tiles.starts, u, tiles.rows) + of.first + warp;
      put_row(a, p, s, row, most, lane);
    }
    __syncthreads();  // the next samples overwrite these
  }
}

// One thread owns one element. Each block computes the maximum of its tile's utterance itself.
__global__ void __launch_bounds__(kAdjustBlock) mel_adjust_kernel(MelArgs a, Tiles tiles, const float* most) {
  __shared__ float part[kAdjustBlock / 32];
  const int thread = static_cast<int>(threadIdx.x);
  const float shift = static_cast<float>(a.shift), gain = static_cast<float>(a.gain);
  for (Index tile = blockIdx.x; tile < tiles.count(); tile += gridDim.x) {
    const Index u = tiles.utterance_of(tile);
    const Tiles::Tile of = tiles.at(tile, u);
    const Index from = start_of(tiles.starts, u, tiles.rows);
    const Index end =
        CUTRACT_PLANTED("mel_gpu_range_of_batch") ? tiles.rows : start_of(tiles.starts, u + 1, tiles.rows);
    float least = -std::numeric_limits<float>::infinity();
    if (a.range > 0) {
      for (Index t = from + thread; t < end; t += kAdjustBlock) least = fmaxf(least, most[t]);
      least = warp_max(least);
      __syncthreads();
      if (thread % 32 == 0) part[thread / 32] = least;
      __syncthreads();
      for (const float v : part) least = fmaxf(least, v);
      least -= static_cast<float>(a.range);
    }
    float* y = a.out.row(from + of.first);
    for (Index i = thread; i < of.rows * a.out.shape[1]; i += kAdjustBlock) y[i] = (fmaxf(y[i], least) + shift) * gain;
  }
}

template <class Fft>
void run(GpuExec& ex, const MelArgs& a, float* most) {
  const typename Fft::Plan fft(a.n_fft);
  const MelPlan p = plan_for(a, fft);
  const Tiles tiles{a.first_frame, a.out.shape[0], p.frames};
  const Geometry shape{{static_cast<unsigned>(std::min(tiles.count(), kMostBlocks))},
                       {static_cast<unsigned>(32 * p.frames)},
                       static_cast<std::size_t>(bytes_of(p))};
  launch(ex, "mel", mel_kernel<Fft>, shape, a, p, fft, tiles, most);
}

// Frames that begin at an odd sample, and odd windows, are not aligned pairs of 64 bits and use the general transform.
void run(GpuExec& ex, const MelArgs& a, float* most) {
  switch (a.hop % 2 == 0 && a.window.shape[0] % 2 == 0 ? a.n_fft : 0) {
    case 256:
      return run<FftInRegisters<128, 8, 4, 4>>(ex, a, most);
    case 400:
      return run<FftInRegisters<200, 5, 5, 8>>(ex, a, most);
    case 512:
      return run<FftInRegisters<256, 8, 8, 4>>(ex, a, most);
    case 1024:
      return run<FftInRegisters<512, 8, 8, 8>>(ex, a, most);
    default:
      return run<FftByPlan>(ex, a, most);
  }
}

void adjust(GpuExec& ex, const MelArgs& a, const float* most) {
  const Tiles tiles{a.first_frame, a.out.shape[0], kAdjustFrames};
  launch(ex, "mel", mel_adjust_kernel, grid_for(tiles.count(), 1), kAdjustBlock, a, tiles, most);
}

}  // namespace

void mel(GpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], M = a.filter_bin.shape[0];
  if (a.out.size() == 0) return;
  const bool adjusts = a.range != 0 || a.shift != 0 || a.gain != 1;
  const bool by_cufft = a.engine == MelEngine::cufft;
  // Whether the log-mels are stored separately, before the DCT.
  const bool aside = a.basis.size() > 0 && (adjusts || by_cufft || a.basis.size() > kMostBasis);
  const Index scratch = by_cufft ? mel_cufft_scratch(a.n_fft) : 0;
  double* memory = ex.workspace(scratch + (T + (aside ? T * M : 0) + 1) / 2);
  auto* work = reinterpret_cast<float*>(memory + scratch);
  MelArgs first = a;
  if (aside) first.basis = {}, first.out = {work + T, {T, M}};
  float* most = a.range > 0 ? work : nullptr;
  by_cufft ? mel_by_cufft(ex, first, most, memory) : run(ex, first, most);
  if (adjusts) adjust(ex, first, work);
  if (aside) dct(ex, {first.out, a.basis, a.out});
}

}  // namespace cutract
