#include "kernels/attention/attention_cpu.h"

#include <limits>

#include "host/core/plant.h"
#include "kernels/math.h"

namespace cutract {
namespace {

constexpr int kLanes = 16;  // partial maxima and sums of a row, so that its loop vectorises in any instruction set
constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr std::array<float, kAttentionPanel> kZeros{};

// The state of the softmax of each row: the largest score so far, and the sum of e^(score - largest).
struct Softmax {
  std::array<float, kAttentionRows> most, sum;
};

// Replaces the scores of a row by e^(score - largest). `rescale` becomes the factor for the earlier sums, because the
// largest score may have grown. Keys outside [from, to) are not seen.
template <Isa>
CUTRACT_INLINE void softmax_row_body(float* s, Index cols, Index from, Index to, float scale, float& most, float& sum,
                                     float& rescale) {
  for (Index c = 0; c < cols; ++c) s[c] = c < from || c >= to ? kNothing : s[c] * scale;
  float largest[kLanes], total[kLanes] = {};
  for (float& v : largest) v = most;
  Index c = 0;
  for (; c + kLanes <= cols; c += kLanes)
    for (int i = 0; i < kLanes; ++i) largest[i] = s[c + i] > largest[i] ? s[c + i] : largest[i];
  float now = most;
  for (; c < cols; ++c) now = std::max(now, s[c]);
  for (const float v : largest) now = std::max(now, v);
  const float from_score = now == kNothing ? 0.0f : now;  // before the first key that is seen; a NaN score stays NaN
  for (c = 0; c < cols; ++c) s[c] = exp_negative(s[c] - from_score);
  for (c = 0; c + kLanes <= cols; c += kLanes)
    for (int i = 0; i < kLanes; ++i) total[i] += s[c + i];
  float added = 0;
  for (const float v : total) added += v;
  for (; c < cols; ++c) added += s[c];
  rescale = exp_negative(most - from_score);
  sum = sum * rescale + added;
  most = now;
}
CUTRACT_PER_ISA(softmax_row,
                (float* s, Index cols, Index from, Index to, float scale, float& most, float& sum, float& rescale),
                (s, cols, from, to, scale, most, sum, rescale))

void run(const AttentionArgs& a, const AttentionTask& task) {
  const Index K = a.qkv.shape[3], A = a.qkv.shape[2];
  const float scale =
      CUTRACT_PLANTED("attention_scaled_by_size") ? 1 / static_cast<float>(K) : 1 / std::sqrt(static_cast<float>(K));
  const AttentionRows keys = part_of(a.qkv, task, 1), values = part_of(a.qkv, task, 2);
  const AttentionPointers queries = pointers_to(part_of(a.qkv, task, 0), task);
  AttentionPanel scores, keep;
  Softmax soft;
  soft.most.fill(kNothing);
  soft.sum.fill(0);
  std::array<float*, kAttentionRows> out{};
  for (Index r = 0; r < task.count; ++r) {
    out[static_cast<std::size_t>(r)] = a.out.data + ((task.offset + task.first + r) * A + task.head) * K;
    std::fill_n(out[static_cast<std::size_t>(r)], K, 0.0f);
  }
  for (Index key = task.begin(a.window); key < task.end(a.window); key += kAttentionPanel) {
    const Index cols = std::min(kAttentionPanel, task.end(a.window) - key);
    keys.transposed(key, cols, K).multiply(queries.data(), task.count, kZeros.data(), scores.rows());
    if (a.dropout.p > 0) attention_mask(task, a.dropout.p, key, cols, keep);
    for (Index r = 0; r < task.count; ++r) {
      const auto at = static_cast<std::size_t>(r);
      const Index query = task.first + r, reach = a.window == 0 ? task.frames : a.window;
      const Index narrow = CUTRACT_PLANTED("attention_window_off_by_one") && a.window > 0 ? 1 : 0;
      float rescale = 1;
      softmax_row(scores.row(r), cols, query - reach + narrow - key, query + reach + 1 - key, scale, soft.most[at],
                  soft.sum[at], rescale);
      for (Index i = 0; i < K; ++i) out[at][i] *= rescale;
      if (a.dropout.p > 0)
        for (Index c = 0; c < cols; ++c) scores.row(r)[c] *= keep.row(r)[c];
    }
    values.plain(key, cols, K).multiply(scores.rows(), task.count, nullptr, out.data());
  }
  for (Index r = 0; r < task.count; ++r) {
    const auto at = static_cast<std::size_t>(r);
    for (Index i = 0; i < K; ++i) out[at][i] /= soft.sum[at];
    a.lse.row(task.offset + task.first + r)[task.head] = soft.most[at] + std::log(soft.sum[at]);
  }
}

}  // namespace

void attention(CpuExec& ex, const AttentionArgs& a) {
  each_attention_task(ex, a, [&](const AttentionTask& task) { run(a, task); });
}

}  // namespace cutract
