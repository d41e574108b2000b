#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "host/core/plant.h"
#include "kernels/clones.h"
#include "kernels/math.h"
#include "kernels/mel.h"
#include "kernels/mel_fft.h"

namespace cutract {
namespace {

constexpr Index kTile = 8 * kLanes;  // frames of one task; fixed, so that the number of threads changes no bit

Index wrapped(Index i, Index period) { return (i % period + period) % period; }

float sample_at(const MelArgs& a, Index i) {
  const Index S = a.samples.shape[0];
  if (i >= 0 && i < S) return a.samples.data[i];
  if (a.edge == Edge::zero) return 0;
  if (a.edge == Edge::mirror) {
    const Index j = wrapped(i, 2 * S);
    return a.samples.data[j < S ? j : 2 * S - 1 - j];
  }
  if (S == 1) return a.samples.data[0];
  const Index j = wrapped(i, 2 * (S - 1));
  return a.samples.data[j < S ? j : 2 * (S - 1) - j];
}

// What the frames t .. t + kLanes - 1 see, from the first sample of frame t on: the signal itself or, where that ends,
// a copy in `edge`.
const float* samples_of(const MelArgs& a, Index t, std::vector<float>& edge) {
  const Index start = t * a.hop + a.first + (CUTRACT_PLANTED("mel_window_shift") ? 1 : 0);
  const Index count = (kLanes - 1) * a.hop + a.window.shape[0];
  if (start >= 0 && start + count <= a.samples.shape[0]) return a.samples.data + start;
  edge.resize(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) edge[static_cast<std::size_t>(i)] = sample_at(a, start + i);
  return edge.data();
}

typedef float Row __attribute__((vector_size(kLanes * sizeof(float))));

CUTRACT_INLINE Row row_at(const float* p) {
  Row v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// column[i][r] = rows[r * apart + i]. Pairs of rows, then fours, then halves.
CUTRACT_INLINE void transpose(const float* rows, Index apart, Row* column) {
  static_assert(kLanes == 8);
  Row pairs[8], fours[8];
  for (int r = 0; r < 8; r += 2) {
    const Row a = row_at(rows + r * apart), b = row_at(rows + (r + 1) * apart);
    pairs[r] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13);
    pairs[r + 1] = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int r = 0; r < 8; r += 4)
    for (int i = 0; i < 2; ++i) {
      fours[r + 2 * i] = __builtin_shufflevector(pairs[r + i], pairs[r + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      fours[r + 2 * i + 1] = __builtin_shufflevector(pairs[r + i], pairs[r + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; ++i) {
    column[i] = __builtin_shufflevector(fours[i], fours[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    column[i + 4] = __builtin_shufflevector(fours[i], fours[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

// Mean of the W samples of each frame.
CUTRACT_INLINE Lanes means(const float* samples, Index hop, Index W) {
  Lanes mean;
  for (Index l = 0; l < kLanes; ++l) {
    const float* x = samples + l * hop;
    Lanes sum = {};
    Index i = 0;
    for (; i + kLanes <= W; i += kLanes) sum += __builtin_convertvector(row_at(x + i), Lanes);
    double total = 0;
    for (Index part = 0; part < kLanes; ++part) total += sum[part];
    for (; i < W; ++i) total += x[i];
    mean[l] = total / static_cast<double>(W);
  }
  return mean;
}

// kLanes frames, ready for the FFT: x [n_fft].
CUTRACT_INLINE void windowed_frames(const MelArgs& a, const float* samples, Lanes* x) {
  const Index W = a.window.shape[0], hop = a.hop;
  const double* window = a.window.data;
  const double scale = a.sample_scale, preemphasis = a.preemphasis;
  const Lanes mean = a.remove_dc ? means(samples, hop, W) : Lanes{};
  Lanes before = {};
  const auto put = [&](Index i, const Lanes& sample) __attribute__((always_inline)) {
    const Lanes now = sample - mean;
    x[i] = (now - preemphasis * (i > 0 ? before : now)) * (scale * window[i]);
    before = now;
  };
  Index i = 0;
  for (; i + kLanes <= W; i += kLanes) {
    Row column[kLanes];
    transpose(samples + i, hop, column);
    for (Index c = 0; c < kLanes; ++c) put(i + c, __builtin_convertvector(column[c], Lanes));
  }
  for (; i < W; ++i) {
    Lanes sample;
    for (Index l = 0; l < kLanes; ++l) sample[l] = samples[l * hop + i];
    put(i, sample);
  }
  std::fill(x + W, x + a.n_fft, Lanes{});
}

struct Buffers {  // of one task
  PowerSpectrum::Work fft;
  std::vector<float> edge;
  std::vector<RealLanes> power, mel;
  std::vector<float> log_mel;  // [M, kLanes]
  Buffers(const MelArgs& a, const PowerSpectrum& spectrum)
      : fft(spectrum),
        power(static_cast<std::size_t>(spectrum.bins())),
        mel(static_cast<std::size_t>(a.out.shape[1])),
        log_mel(mel.size() * kLanes) {}
};

CUTRACT_INLINE void filtered(const MelArgs& a, const Lanes* power, Lanes* mel) {
  for (Index m = 0; m < a.out.shape[1]; ++m) {
    const Lanes* bin = power + a.filter_bin.data[m];
    Lanes sum = {};
    for (std::int32_t w = a.filter_offset.data[m]; w < a.filter_offset.data[m + 1]; ++w)
      sum += a.filter_weight.data[w] * *bin++;
    mel[m] = sum;
  }
}

// [count]
CUTRACT_INLINE void logarithms(const MelArgs& a, const double* x, Index count, float* y) {
  constexpr double kLn10 = 2.302585092994046;
  const double unit = a.log == LogUnit::ln ? 1 : (a.log == LogUnit::db ? 10 : 1) / kLn10;
  const double least = a.add_floor ? 0 : a.floor, more = a.add_floor ? a.floor : 0;
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>(unit * log_fast((x[i] < least ? least : x[i]) + more));
}

// From y [M, kLanes] to `frames` rows of out; returns the largest value.
CUTRACT_INLINE float put_rows(const float* y, Index frames, Index M, float* out) {
  Row most = row_at(y);
  for (Index m = 1; m < M; ++m) {
    const Row row = row_at(y + m * kLanes);
    most = row > most ? row : most;
  }
  Index m = 0;
  for (; m + kLanes <= M; m += kLanes) {
    Row column[kLanes];
    transpose(y + m * kLanes, kLanes, column);
    for (Index l = 0; l < frames; ++l) std::memcpy(out + l * M + m, &column[l], sizeof(Row));
  }
  for (; m < M; ++m)
    for (Index l = 0; l < frames; ++l) out[l * M + m] = y[m * kLanes + l];
  return *std::max_element(&most[0], &most[0] + frames);
}

// Frames t .. end - 1; returns the largest value.
CUTRACT_CLONES float log_mel_tile(const MelArgs& a, const PowerSpectrum& spectrum, Buffers& to, Index t, Index end) {
  const Index M = a.out.shape[1];
  float most = -std::numeric_limits<float>::infinity();
  for (; t < end; t += kLanes) {
    windowed_frames(a, samples_of(a, t, to.edge), to.fft.signal());
    spectrum(to.fft, &to.power[0].value);
    filtered(a, &to.power[0].value, &to.mel[0].value);
    logarithms(a, &to.mel[0].value[0], M * kLanes, to.log_mel.data());
    most = std::max(most, put_rows(to.log_mel.data(), std::min(kLanes, end - t), M, a.out.row(t)));
  }
  return most;
}

CUTRACT_CLONES void adjust(const MelArgs& a, double least, float* y, Index count) {
  for (Index i = 0; i < count; ++i) y[i] = static_cast<float>((std::max<double>(y[i], least) + a.shift) * a.gain);
}

}  // namespace

void mel(CpuExec& ex, const MelArgs& a) {
  const Index T = a.out.shape[0], M = a.out.shape[1], tiles = (T + kTile - 1) / kTile;
  if (T == 0) return;
  const PowerSpectrum spectrum(a.n_fft, a.roots.data);
  std::vector<float> most(static_cast<std::size_t>(tiles));
  ex.parallel(tiles, [&](Index tile) {
    Buffers buffers(a, spectrum);
    most[static_cast<std::size_t>(tile)] =
        log_mel_tile(a, spectrum, buffers, tile * kTile, std::min(T, (tile + 1) * kTile));
  });
  if (a.range == 0 && a.shift == 0 && a.gain == 1) return;
  const double least =
      a.range > 0 ? *std::max_element(most.begin(), most.end()) - a.range : -std::numeric_limits<double>::infinity();
  ex.parallel(tiles, [&](Index tile) {
    adjust(a, least, a.out.row(tile * kTile), (std::min(T, (tile + 1) * kTile) - tile * kTile) * M);
  });
}

}  // namespace cutract
