#include <limits>
#include <string>

#include "host/core/error.h"
#include "kernels/mel.h"
#include "kernels/mel_edge.h"
#include "kernels/mel_fft_gpu.cuh"

namespace cutract {
namespace {

constexpr int kMostFrames = 8;            // of a tile, one warp each
constexpr Index kMostBlocks = 1024;       // they stride over the rest, so that tables are made a few times only
constexpr Index kMostShared = 160 << 10;  // of a block: sm_80 has 163 KiB, sm_90 227
constexpr int kAdjustBlock = 256;

// Where things lie in the shared memory of a block, in floats.
struct MelPlan {
  FftPlan fft;
  int window = 0, weights = 0, bins = 0;     // sizes; those of the tables that every block makes for itself
  int frames = 0, staged = 0, per_warp = 0;  // of a tile: its frames and their samples; points of one warp
  Index roots_at = 0, window_at = 0, weights_at = 0, place_at = 0, samples_at = 0, z_at = 0, power_at = 0, most_at = 0;
  Index floats = 0;
};

MelPlan plan_with(const MelArgs& a, int frames) {
  MelPlan p;
  p.fft = fft_plan(static_cast<int>(a.n_fft));
  p.window = static_cast<int>(a.window.shape[0]), p.weights = static_cast<int>(a.filter_weight.shape[0]);
  p.bins = p.fft.n / 2 + 1, p.frames = frames, p.per_warp = frame_points(p.fft);
  const Index staged = (frames - 1) * a.hop + p.window;
  p.staged = static_cast<int>(staged < kMostShared ? staged : kMostShared);
  const auto take = [&](Index count) {
    const Index at = p.floats;
    p.floats += (count + 3) / 4 * 4;
    return at;
  };
  p.roots_at = take(2 * Index(p.fft.n)), p.window_at = take(p.window), p.weights_at = take(p.weights);
  p.place_at = take(p.fft.points), p.samples_at = take(p.staged);
  p.z_at = take(2 * Index(p.per_warp) * frames), p.power_at = take(Index(p.bins) * frames), p.most_at = take(frames);
  return p;
}

Index bytes_of(const MelPlan& p) { return p.floats * static_cast<Index>(sizeof(float)); }

// As many frames a block as keep most warps on a multiprocessor of 227 KiB.
MelPlan plan_for(const MelArgs& a) {
  MelPlan best;
  Index most = 0;
  for (int frames = kMostFrames; frames > 0 && a.n_fft <= kMostShared; frames /= 2) {
    const MelPlan p = plan_with(a, frames);
    const Index warps = bytes_of(p) <= kMostShared ? (227 << 10) / (bytes_of(p) + 1024) * frames : 0;
    if (warps > most) best = p, most = warps;
  }
  if (most == 0)
    fail(Fault::device, "mel on the GPU: n_fft is " + std::to_string(a.n_fft) +
                            ", expected one whose tables and frame fit into 160 KiB; use --device cpu");
  return best;
}

struct MelShared {
  float2* roots;
  float *window, *weights, *samples;
  int* place;
  float2* z;  // of the calling warp, as power
  float *power, *most;
};

__device__ MelShared shared_of(const MelPlan& p, int warp) {
  auto* at = reinterpret_cast<float*>(simt::shared_memory());
  MelShared s;
  s.roots = reinterpret_cast<float2*>(at + p.roots_at);
  s.window = at + p.window_at, s.weights = at + p.weights_at, s.samples = at + p.samples_at;
  s.place = reinterpret_cast<int*>(at + p.place_at);
  s.z = reinterpret_cast<float2*>(at + p.z_at) + warp * p.per_warp;
  s.power = at + p.power_at + warp * p.bins, s.most = at + p.most_at;
  return s;
}

__device__ void make_tables(const MelArgs& a, const MelPlan& p, const MelShared& s) {
  const int thread = static_cast<int>(threadIdx.x), threads = 32 * p.frames;
  for (int i = thread; i < p.fft.n; i += threads)
    s.roots[i] = make_float2(static_cast<float>(a.roots.data[2 * i]), static_cast<float>(a.roots.data[2 * i + 1]));
  for (int i = thread; i < p.window; i += threads) s.window[i] = static_cast<float>(a.sample_scale * a.window.data[i]);
  for (int i = thread; i < p.weights; i += threads) s.weights[i] = static_cast<float>(a.filter_weight.data[i]);
  for (int k = thread; k < p.fft.points; k += threads) s.place[k] = place_of(p.fft, k);
}

// The samples of the frames from t on.
__device__ void stage_samples(const MelArgs& a, const MelPlan& p, const MelShared& s, Index t) {
  const Index start = t * a.hop + a.first + (CUTRACT_PLANTED("mel_gpu_window_shift") ? 1 : 0), S = a.samples.shape[0];
  for (int i = static_cast<int>(threadIdx.x); i < p.staged; i += 32 * p.frames)
    s.samples[i] = sample_at(a.samples.data, S, a.edge, start + i);
}

__device__ float warp_sum(float v) {
  for (int by = 16; by > 0; by /= 2) v += __shfl_xor_sync(0xffffffffu, v, by);
  return v;
}
__device__ float warp_max(float v) {
  for (int by = 16; by > 0; by /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, by));
  return v;
}

// From samples x [window] to the frame that is transformed.
__device__ void window_frame(const MelArgs& a, const MelPlan& p, const MelShared& s, const float* x, int lane) {
  const float preemphasis = static_cast<float>(a.preemphasis);
  float mean = 0;
  if (a.remove_dc) {
    for (int i = lane; i < p.window; i += 32) mean += x[i];
    mean = warp_sum(mean) / static_cast<float>(p.window);
  }
  for (int i = lane; i < p.fft.n; i += 32) {
    float v = 0;
    if (i < p.window) {
      const float now = x[i] - mean, before = x[i > 0 ? i - 1 : 0] - mean;
      v = (now - preemphasis * before) * s.window[i];
    }
    put_sample(p.fft, s.z, i, v);
  }
  __syncwarp();
}

__device__ float logarithm(const MelArgs& a, float x) {
  constexpr float kLeast = std::numeric_limits<float>::min();
  const float floor = static_cast<float>(a.floor);
  if (a.add_floor)
    x += floor;
  else if (x < floor)
    x = floor;
  if (x < kLeast) x = kLeast;
  if (a.log == LogUnit::ln) return logf(x);
  return a.log == LogUnit::db ? 10 * log10f(x) : log10f(x);
}

// One warp owns one frame and its row of out, one lane every 32nd filter. Returns the lane's largest value.
__device__ float mel_frame(const MelArgs& a, const MelPlan& p, const MelShared& s, const float* x, float* out,
                           int lane) {
  window_frame(a, p, s, x, lane);
  power_spectrum(p.fft, p.window, s.roots, s.place, s.z, s.power, lane);
  float most = -std::numeric_limits<float>::infinity();
  for (int m = lane; m < static_cast<int>(a.out.shape[1]); m += 32) {
    const int end = a.filter_offset.data[m + 1];
    const float* bin = s.power + a.filter_bin.data[m];
    float sum = 0;
    for (int w = a.filter_offset.data[m]; w < end; ++w) sum += s.weights[w] * *bin++;
    out[m] = logarithm(a, sum);
    most = fmaxf(most, out[m]);
  }
  return most;
}

// A block takes tiles of neighbouring frames, since those share samples: they are read once, into shared memory. Writes
// log-mels and, if most is not null, the largest of the block's, so that their maximum needs no atomics.
__global__ void __launch_bounds__(32 * kMostFrames) mel_kernel(MelArgs a, MelPlan p, Index tiles, double* most) {
  const int lane = static_cast<int>(threadIdx.x % 32), warp = static_cast<int>(threadIdx.x / 32);
  const MelShared s = shared_of(p, warp);
  make_tables(a, p, s);
  float largest = -std::numeric_limits<float>::infinity();
  for (Index tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const Index t = tile * p.frames + warp;
    stage_samples(a, p, s, tile * p.frames);
    if (!CUTRACT_PLANTED("mel_gpu_no_barrier")) __syncthreads();
    if (t < a.out.shape[0])
      largest = fmaxf(largest, mel_frame(a, p, s, s.samples + warp * a.hop, a.out.data + t * a.out.shape[1], lane));
    __syncthreads();  // before the next samples come
  }
  if (most == nullptr) return;
  largest = warp_max(largest);
  if (lane == 0) s.most[warp] = largest;
  __syncthreads();
  if (threadIdx.x > 0) return;
  for (int w = 1; w < p.frames; ++w) largest = fmaxf(largest, s.most[w]);
  most[blockIdx.x] = largest;
}

// One thread owns one element. Each block finds the maximum of the few blocks before for itself.
__global__ void __launch_bounds__(kAdjustBlock)
    mel_adjust_kernel(MelArgs a, Index count, const double* most, int blocks) {
  __shared__ float part[kAdjustBlock / 32];
  const int thread = static_cast<int>(threadIdx.x);
  float least = -std::numeric_limits<float>::infinity();
  if (a.range > 0) {
    for (int i = thread; i < blocks; i += kAdjustBlock) least = fmaxf(least, static_cast<float>(most[i]));
    least = warp_max(least);
    if (thread % 32 == 0) part[thread / 32] = least;
    __syncthreads();
    for (int w = 0; w < kAdjustBlock / 32; ++w) least = fmaxf(least, part[w]);
    least -= static_cast<float>(a.range);
  }
  const float shift = static_cast<float>(a.shift), gain = static_cast<float>(a.gain);
  const Index stride = Index(gridDim.x) * kAdjustBlock;
  for (Index i = Index(blockIdx.x) * kAdjustBlock + thread; i < count; i += stride)
    a.out.data[i] = (fmaxf(a.out.data[i], least) + shift) * gain;
}

}  // namespace

void mel(GpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], count = a.out.size();
  if (count == 0) return;
  const MelPlan p = plan_for(a);
  const Index tiles = (T + p.frames - 1) / p.frames, blocks = tiles < kMostBlocks ? tiles : kMostBlocks;
  double* most = a.range > 0 ? ex.workspace(blocks) : nullptr;
  const Geometry shape{
      {static_cast<unsigned>(blocks)}, {static_cast<unsigned>(32 * p.frames)}, static_cast<std::size_t>(bytes_of(p))};
  launch(ex, "mel", mel_kernel, shape, a, p, tiles, most);
  if (a.range == 0 && a.shift == 0 && a.gain == 1) return;
  launch(ex, "mel", mel_adjust_kernel, grid_for(count, kAdjustBlock), kAdjustBlock, a, count, most,
         static_cast<int>(blocks));
}

}  // namespace cutract
