#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "host/core/plant.h"
#include "kernels/frontend/dct.h"
#include "kernels/frontend/mel.h"
#include "kernels/frontend/mel_edge.h"
#include "kernels/frontend/mel_fft.h"
#include "kernels/isa.h"
#include "kernels/math.h"

namespace cutract {
namespace {

constexpr Index kTile = 64;  // frames per task; fixed, so that the result does not depend on the number of threads

// The samples that frames t .. t + frames - 1 cover, starting at the first sample of frame t. Returns the signal
// itself, or a copy in `edge` if the range extends beyond the signal or the samples are not floats.
const float* samples_of(const MelArgs& a, Index t, Index frames, std::vector<float>& edge) {
  const Index start = t * a.hop + a.first + (CUTRACT_PLANTED("mel_window_shift") ? 1 : 0);
  const Index count = (frames - 1) * a.hop + a.window.shape[0];
  if (a.samples.floats() && start >= 0 && start + count <= a.samples.size()) return a.samples.floats() + start;
  edge.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) edge[static_cast<std::size_t>(i)] = sample_at(a.samples, a.edge, start + i);
  return edge.data();
}

template <Isa I>
CUTRACT_INLINE Floats<I> floats_at(const float* p) {
  Floats<I> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Returns a[from] b[from] a[from + 1] b[from + 1] ...
template <Isa I, int from, int... lane>
CUTRACT_INLINE Floats<I> interleaved(Floats<I> a, Floats<I> b, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(a, b, (from + lane / 2 + lane % 2 * static_cast<int>(sizeof...(lane)))...);
}

// column[i][r] = rows[r * apart + i]: one perfect shuffle of all values for each bit of the row number.
template <Isa I>
CUTRACT_INLINE void transpose(const float* rows, Index apart, Floats<I>* column) {
  constexpr int W = signals_abreast(I);
  using Each = std::make_integer_sequence<int, W>;
  for (int r = 0; r < W; ++r) column[r] = floats_at<I>(rows + r * apart);
  for (int bit = 1; bit < W; bit *= 2) {
    Floats<I> next[W];
    for (int i = 0; i < W / 2; ++i) {
      next[2 * i] = interleaved<I, 0>(column[i], column[i + W / 2], Each());
      next[2 * i + 1] = interleaved<I, W / 2>(column[i], column[i + W / 2], Each());
    }
    for (int i = 0; i < W; ++i) column[i] = next[i];
  }
}

// The mean of the n samples of each frame.
template <Isa I>
CUTRACT_INLINE Doubles<I> means(const float* samples, Index hop, Index n) {
  constexpr Index W = signals_abreast(I);
  Doubles<I> mean;
  for (Index l = 0; l < W; ++l) {
    const float* x = samples + l * hop;
    Doubles<I> sum = {};
    Index i = 0;
    for (; i + W <= n; i += W) sum += __builtin_convertvector(floats_at<I>(x + i), Doubles<I>);
    double total = 0;
    for (Index part = 0; part < W; ++part) total += sum[part];
    for (; i < n; ++i) total += x[i];
    mean[l] = total / static_cast<double>(n);
  }
  return mean;
}

// Writes frames ready for the FFT to x [n_fft].
template <Isa I>
CUTRACT_INLINE void windowed_frames(const MelArgs& a, const float* samples, Doubles<I>* x) {
  constexpr Index W = signals_abreast(I);
  const Index n = a.window.shape[0], hop = a.hop;
  const double* window = a.window.data;
  const double scale = a.sample_scale, preemphasis = a.preemphasis;
  const Doubles<I> mean = a.remove_dc ? means<I>(samples, hop, n) : Doubles<I>{};
  Doubles<I> before = {};
  const auto put = [&](Index i, const Doubles<I>& sample) __attribute__((always_inline)) {
    const Doubles<I> now = sample - mean;
    x[i] = (now - preemphasis * (i > 0 ? before : now)) * (scale * window[i]);
    before = now;
  };
  Index i = 0;
  for (; i + W <= n; i += W) {
    Floats<I> column[W];
    transpose<I>(samples + i, hop, column);
    for (Index c = 0; c < W; ++c) put(i + c, __builtin_convertvector(column[c], Doubles<I>));
  }
  for (; i < n; ++i) {
    Doubles<I> sample;
    for (Index l = 0; l < W; ++l) sample[l] = samples[l * hop + i];
    put(i, sample);
  }
  std::fill(x + n, x + a.n_fft, Doubles<I>{});
}

template <Isa I>
CUTRACT_INLINE void filtered(const MelArgs& a, const Doubles<I>* power, Doubles<I>* mel) {
  for (Index m = 0; m < a.out.shape[1]; ++m) {
    const Doubles<I>* bin = power + a.filter_bin.data[m];
    Doubles<I> sum = {};
    for (std::int32_t w = a.filter_offset.data[m]; w < a.filter_offset.data[m + 1]; ++w)
      sum += a.filter_weight.data[w] * *bin++;
    mel[m] = sum;
  }
}

// x and y are [count].
CUTRACT_INLINE void logarithms(const MelArgs& a, const double* x, Index count, float* y) {
  constexpr double kLn10 = 2.302585092994046;
  const double unit = a.log == LogUnit::ln ? 1 : (a.log == LogUnit::db ? 10 : 1) / kLn10;
  const double least = a.add_floor ? 0 : a.floor, more = a.add_floor ? a.floor : 0;
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>(unit * log_fast((x[i] < least ? least : x[i]) + more));
}

// Writes y [M, signals_abreast] to `frames` rows of out; returns the largest value.
template <Isa I>
CUTRACT_INLINE float put_rows(const float* y, Index frames, Index M, float* out) {
  constexpr Index W = signals_abreast(I);
  Floats<I> most = floats_at<I>(y);
  for (Index m = 1; m < M; ++m) {
    const Floats<I> row = floats_at<I>(y + m * W);
    most = row > most ? row : most;
  }
  Index m = 0;
  for (; m + W <= M; m += W) {
    Floats<I> column[W];
    transpose<I>(y + m * W, W, column);
    for (Index l = 0; l < frames; ++l) std::memcpy(out + l * M + m, &column[l], sizeof column[l]);
  }
  for (; m < M; ++m)
    for (Index l = 0; l < frames; ++l) out[l * M + m] = y[m * W + l];
  float largest = most[0];
  for (Index l = 1; l < (CUTRACT_PLANTED("mel_range_sees_padding") ? W : frames); ++l)
    largest = std::max(largest, most[l]);
  return largest;
}

// Computes frames t .. end - 1, and in `most` the largest of their values.
template <Isa I>
CUTRACT_INLINE void log_mel_tile_body(const MelArgs& a, const PowerSpectrum& spectrum, Index t, Index end,
                                      float* most) {
  constexpr Index W = signals_abreast(I);
  const Index M = a.out.shape[1], bins = spectrum.bins(), work = spectrum.work();
  std::vector<Line> memory(static_cast<std::size_t>((work + bins + M) * W / 8 + 1));
  auto* x = reinterpret_cast<Doubles<I>*>(memory.data());
  Doubles<I>*power = x + work, *mel = power + bins;
  std::vector<float> edge, log_mel(static_cast<std::size_t>(M * W));
  *most = -std::numeric_limits<float>::infinity();
  for (; t < end; t += W) {
    windowed_frames<I>(a, samples_of(a, t, W, edge), x);
    spectrum.run<I>(x, power);
    filtered<I>(a, power, mel);
    logarithms(a, reinterpret_cast<const double*>(mel), M * W, log_mel.data());
    *most = std::max(*most, put_rows<I>(log_mel.data(), std::min(W, end - t), M, a.out.row(t)));
  }
}
CUTRACT_PER_ISA(log_mel_tile, (const MelArgs& a, const PowerSpectrum& spectrum, Index t, Index end, float* most),
                (a, spectrum, t, end, most))

template <Isa>
CUTRACT_INLINE void adjust_body(const MelArgs& a, double least, float* y, Index count) {
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>((std::max<double>(y[i], least) + a.shift) * a.gain);
}
CUTRACT_PER_ISA(adjust, (const MelArgs& a, double least, float* y, Index count), (a, least, y, count))

void log_mel_of_one(CpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], M = a.out.shape[1], tiles = (T + kTile - 1) / kTile;
  if (T == 0 || M == 0) return;
  const PowerSpectrum spectrum(a.n_fft, a.roots.data);
  std::vector<float> most(static_cast<std::size_t>(tiles));
  ex.parallel(tiles, [&](Index tile) {
    log_mel_tile(a, spectrum, tile * kTile, std::min(T, (tile + 1) * kTile), &most[static_cast<std::size_t>(tile)]);
  });
  if (a.range == 0 && a.shift == 0 && a.gain == 1) return;
  const double least =
      a.range > 0 ? *std::max_element(most.begin(), most.end()) - a.range : -std::numeric_limits<double>::infinity();
  ex.parallel(tiles, [&](Index tile) {
    adjust(a, least, a.out.row(tile * kTile), (std::min(T, (tile + 1) * kTile) - tile * kTile) * M);
  });
}

}  // namespace

void mel(CpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], S = a.samples.size();
  if (a.basis.size() > 0) {
    Matrix log_mel(T, a.filter_bin.shape[0]);
    MelArgs without = a;
    without.basis = {};
    without.out = log_mel.view();
    mel(ex, without);
    return dct(ex, {log_mel.view(), a.basis, a.out});
  }
  for (Index u = 0; u < utterances_in(a.first_frame); ++u) {
    const Index sample = start_of(a.first_sample, u, S), frame = start_of(a.first_frame, u, T);
    MelArgs one = a;
    one.samples = a.samples.part(sample, start_of(a.first_sample, u + 1, S) - sample);
    one.out = {a.out.row(frame), {start_of(a.first_frame, u + 1, T) - frame, a.out.shape[1]}};
    log_mel_of_one(ex, one);
  }
}

}  // namespace cutract
