#include <algorithm>

#include "host/core/plant.h"
#include "kernels/block_sum.cuh"
#include "kernels/loss.h"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 1024;
constexpr int kUtteranceBlock = 128;
constexpr int kMost = Objective::kMost;

__device__ Index frames_of(const Ragged& r) {
  const int last = r.utterances - 1;
  return last < 0 ? 0 : Index(r.offset.data[last]) + r.length.data[last];
}

// The sum over the threads of a block, which all of them receive; `part` can be used again at once.
template <int kThreads>
__device__ double sum_of_block(double mine, double* part) {
  const double sum = block_sum<kThreads>(mine, part);
  __syncthreads();
  return sum;
}

// One block owns a channel of an utterance and counts its targets; the counts are exact in double.
__global__ void __launch_bounds__(kUtteranceBlock) count_kernel(LossArgs a, double* counts) {  // counts [U, P, 2]
  __shared__ double part[kUtteranceBlock];
  const Index P = a.y.shape[1], b = blockIdx.x / P, c = blockIdx.x % P;
  const Index first = a.ragged.offset.data[b], T = a.ragged.length.data[b];
  LossCounts mine;
  for (Index t = threadIdx.x; t < T; t += kUtteranceBlock) count_target(mine, a, first, t, c);
  const double values = sum_of_block<kUtteranceBlock>(static_cast<double>(mine.values), part);
  const double changes = sum_of_block<kUtteranceBlock>(static_cast<double>(mine.changes), part);
  if (threadIdx.x > 0) return;
  counts[2 * Index(blockIdx.x)] = values;
  counts[2 * Index(blockIdx.x) + 1] = changes;
}

// The counts of the batch, from those of its `series` channels of utterances.
template <int kThreads>
__device__ LossCounts counts_of(const double* counts, Index series, double* part) {
  double values = 0, changes = 0, any = 0;
  for (Index i = threadIdx.x; i < series; i += kThreads) {
    values += counts[2 * i];
    changes += counts[2 * i + 1];
    any += counts[2 * i] > 0 ? 1 : 0;
  }
  values = sum_of_block<kThreads>(values, part);
  changes = sum_of_block<kThreads>(changes, part);
  any = sum_of_block<kThreads>(any, part);
  return {static_cast<Index>(values), static_cast<Index>(changes), static_cast<Index>(any)};
}

// `measured`: how many of the T frames are.
__device__ LossMoments moments_of(const LossArgs& a, Index first, Index T, Index c, double measured, double* part) {
  double y = 0, t = 0, yy = 0, tt = 0, yt = 0;
  for (Index n = threadIdx.x; n < T; n += kUtteranceBlock) {
    const float predicted = a.y.row(first + n)[c], target = a.target.row(first + n)[c];
    const bool missing = is_missing(target);
    y += missing ? unless_finite(predicted) : static_cast<double>(predicted);
    t += missing ? 0 : static_cast<double>(target);
  }
  const double frames = measured > 0 ? measured : 1;
  const double mean_y = sum_of_block<kUtteranceBlock>(y, part) / frames;
  const double mean_t = sum_of_block<kUtteranceBlock>(t, part) / frames;
  for (Index n = threadIdx.x; n < T; n += kUtteranceBlock) {
    if (is_missing(a.target.row(first + n)[c])) continue;
    y = static_cast<double>(a.y.row(first + n)[c]) - mean_y;
    t = static_cast<double>(a.target.row(first + n)[c]) - mean_t;
    yy += y * y;
    tt += t * t;
    yt += y * t;
  }
  yy = sum_of_block<kUtteranceBlock>(yy, part);
  tt = sum_of_block<kUtteranceBlock>(tt, part);
  yt = sum_of_block<kUtteranceBlock>(yt, part);
  return {measured, mean_y, mean_t, yy, tt, yt};
}

// The terms that look at utterances. One block owns a channel of an utterance, of which it sets dy and the sums; thread
// k has frames k, k + 128, ... in order, and a tree adds the threads' sums, so every run gives the same bits. It reads
// the utterance three times; the time is not measured on a GPU yet.
__global__ void __launch_bounds__(kUtteranceBlock)
    utterance_kernel(LossArgs a, const double* counts, double* sums) {  // sums [U, P, terms]
  __shared__ double part[kUtteranceBlock];
  const Index P = a.y.shape[1], b = blockIdx.x / P, c = blockIdx.x % P;
  const Index first = a.ragged.offset.data[b], T = a.ragged.length.data[b];
  const Objective& o = a.objective;
  const LossMoments m = moments_of(a, first, T, c, counts[2 * Index(blockIdx.x)], part);
  for (int k = 0; k < o.count; ++k) {
    const LossKind kind = o.terms[k].kind;
    if (is_pointwise(kind)) continue;
    double sum = 0;
    if (kind == LossKind::velocity) {
      for (Index t = threadIdx.x; t < T; t += kUtteranceBlock) {
        const double change = loss_change(a, first, t, c);
        sum += change * change;
      }
      sum = sum_of_block<kUtteranceBlock>(sum, part);
    } else {
      sum = loss_correlation(kind, m).value;
    }
    if (threadIdx.x == 0) sums[Index(blockIdx.x) * o.count + k] = sum;
  }
  if (!a.dy.data) return;
  const LossSlopes slopes = loss_slopes(o, m, counts_of<kUtteranceBlock>(counts, a.ragged.utterances * P, part));
  for (Index t = threadIdx.x; t < T; t += kUtteranceBlock)
    a.dy.row(first + t)[c] = static_cast<float>(loss_slope(a, slopes, m, first, t, T, c));
}

// Adds the pointwise terms, and computes the value. One block owns the whole sum: thread k adds elements k, k + 1024,
// ... in order, and a tree adds the threads' sums, so every run gives the same bits. N * P is a few hundred thousand at
// most; the time is not measured on a GPU yet. `within` holds the sums of the other terms, and dy their gradient; it is
// null if there are none.
__global__ void __launch_bounds__(kBlock) loss_kernel(LossArgs a, const double* counts, const double* within) {
  __shared__ double part[kBlock];
  const int thread = static_cast<int>(threadIdx.x);
  const Objective& o = a.objective;
  const Index P = a.y.shape[1], U = a.ragged.utterances;
  const Index frames = CUTRACT_PLANTED("loss_counts_rows_behind") ? a.y.shape[0] : frames_of(a.ragged);
  const Index n = frames * P;
  const LossCounts counted = counts_of<kBlock>(counts, U * P, part);
  double weight[kMost] = {}, sum[kMost] = {};
  for (int k = 0; k < kMost; ++k)
    if (k < o.count) weight[k] = o.terms[k].weight * loss_scale(o.terms[k].kind, counted);
  for (Index i = thread; i < n; i += kBlock) {
    double slope = within && a.dy.data ? static_cast<double>(a.dy.data[i]) : 0;
    for (int k = 0; k < kMost; ++k) {
      if (k >= o.count || !is_pointwise(o.terms[k].kind)) continue;
      const LossPoint p = loss_point(o.terms[k], a.y.data[i], a.target.data[i]);
      sum[k] += p.value;
      slope += p.slope * weight[k];
    }
    if (a.dy.data) a.dy.data[i] = static_cast<float>(slope);
  }
  if (a.dy.data)
    for (Index i = n + thread; i < a.dy.size(); i += kBlock) a.dy.data[i] = 0;
  double value = 0;
  for (int k = 0; k < kMost; ++k) {
    if (k >= o.count) continue;
    const LossKind kind = o.terms[k].kind;
    if (!is_pointwise(kind) && within)
      for (Index i = thread; i < U * P; i += kBlock) sum[k] += within[i * o.count + k];
    const double total = sum_of_block<kBlock>(sum[k], part);
    value += o.terms[k].weight * (total * loss_scale(kind, counted));
    if (thread == 0 && a.parts.data) a.parts.data[k] = {total, loss_count(kind, counted)};
  }
  if (thread == 0) a.value.data[0] = value;
}

}  // namespace

void loss(GpuExec& ex, const LossArgs& a) {
  const Index series = a.ragged.utterances * a.y.shape[1];
  const bool looks = looks_at_utterances(a.objective) && series > 0;
  double* counts = ex.workspace(std::max<Index>(1, series * (2 + (looks ? a.objective.count : 0))));
  double* within = looks ? counts + 2 * series : nullptr;
  launch(ex, "loss", count_kernel, static_cast<unsigned>(series), kUtteranceBlock, a, counts);
  if (looks)
    launch(ex, "loss", utterance_kernel, static_cast<unsigned>(series), kUtteranceBlock, a,
           static_cast<const double*>(counts), within);
  launch(ex, "loss", loss_kernel, 1u, kBlock, a, static_cast<const double*>(counts),
         static_cast<const double*>(within));
}

}  // namespace cutract
