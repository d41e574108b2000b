#include "host/core/plant.h"
#include "kernels/attention/attention_cpu.h"
#include "kernels/math.h"

namespace cutract {
namespace {

constexpr std::array<float, kAttentionPanel> kZeros{};

// For one query: lse, and the product of its output and the output's gradient, which is the mean gradient of its
// scores.
struct OfQuery {
  float lse, mean;
};
OfQuery of_query(const AttentionBackwardArgs& a, const AttentionTask& task, Index query) {
  const auto [N, A, K] = a.out.shape;
  const Index row = task.offset + query, at = (row * A + task.head) * K;
  float sum[8] = {};
  for (Index i = 0; i < K; i += 8)
    for (Index lane = 0; lane < 8; ++lane) sum[lane] += a.out.data[at + i + lane] * a.dout.data[at + i + lane];
  float mean = 0;
  for (const float s : sum) mean += s;
  return {a.lse.row(row)[task.head], mean};
}

// For one query and keys in [from, to) of a panel: p = e^(scale s - lse), and ds = p (dp keep - mean). s receives ds.
template <Isa>
CUTRACT_INLINE void score_gradients_body(float* s, const float* dp, const float* keep, Index cols, Index from, Index to,
                                         float scale, OfQuery of) {
  for (Index c = 0; c < cols; ++c) {
    const float p = c < from || c >= to ? 0.0f : exp_negative(std::min(s[c] * scale - of.lse, 0.0f));
    s[c] = p * ((keep ? dp[c] * keep[c] : dp[c]) - of.mean);
  }
}
CUTRACT_PER_ISA(score_gradients,
                (float* s, const float* dp, const float* keep, Index cols, Index from, Index to, float scale,
                 OfQuery of),
                (s, dp, keep, cols, from, to, scale, of))

// The same for one key and the queries of a panel, whose lse and mean are given; dp receives p keep, for the gradient
// of the values.
template <Isa>
CUTRACT_INLINE void score_gradients_of_key_body(float* s, float* dp, const float* keep, Index cols, Index from,
                                                Index to, float scale, const float* lse, const float* mean) {
  for (Index c = 0; c < cols; ++c) {
    const float p = c < from || c >= to ? 0.0f : exp_negative(std::min(s[c] * scale - lse[c], 0.0f));
    const float kept = keep ? keep[c] : 1.0f;
    s[c] = p * (dp[c] * kept - mean[c]);
    dp[c] = p * kept;
  }
}
CUTRACT_PER_ISA(score_gradients_of_key,
                (float* s, float* dp, const float* keep, Index cols, Index from, Index to, float scale,
                 const float* lse, const float* mean),
                (s, dp, keep, cols, from, to, scale, lse, mean))

// The gradients of the task's rows: part 0 queries, 1 keys, 2 values of dqkv, set to zero.
std::array<float*, kAttentionRows> cleared(const AttentionBackwardArgs& a, const AttentionTask& task, Index part) {
  const auto [N, three, A, K] = a.dqkv.shape;
  std::array<float*, kAttentionRows> out{};
  for (Index r = 0; r < task.count; ++r) {
    float* at = a.dqkv.data + ((task.offset + task.first + r) * 3 * A + part * A + task.head) * K;
    std::fill_n(at, K, 0.0f);
    out[static_cast<std::size_t>(r)] = at;
  }
  return out;
}

void scale_rows(const std::array<float*, kAttentionRows>& rows, Index count, Index K, float by) {
  for (Index r = 0; r < count; ++r)
    for (Index i = 0; i < K; ++i) rows[static_cast<std::size_t>(r)][i] *= by;
}

float scale_of(Index K) { return 1 / std::sqrt(static_cast<float>(K)); }

// dq = ds k, for the queries of the task.
void run_queries(const AttentionBackwardArgs& a, const AttentionTask& task) {
  const Index K = a.qkv.shape[3];
  const AttentionRows keys = part_of(a.qkv, task, 1), values = part_of(a.qkv, task, 2);
  const AttentionPointers queries = pointers_to(part_of(a.qkv, task, 0), task),
                          dout = pointers_to(part_of(a.dout, task), task);
  const std::array<float*, kAttentionRows> dq = cleared(a, task, 0);
  std::array<OfQuery, kAttentionRows> of{};
  for (Index r = 0; r < task.count; ++r) of[static_cast<std::size_t>(r)] = of_query(a, task, task.first + r);
  AttentionPanel scores, dp, keep;
  for (Index key = task.begin(a.window); key < task.end(a.window); key += kAttentionPanel) {
    const Index cols = std::min(kAttentionPanel, task.end(a.window) - key);
    keys.transposed(key, cols, K).multiply(queries.data(), task.count, kZeros.data(), scores.rows());
    values.transposed(key, cols, K).multiply(dout.data(), task.count, kZeros.data(), dp.rows());
    if (a.dropout.p > 0) attention_mask(task, a.dropout.p, key, cols, keep);
    for (Index r = 0; r < task.count; ++r) {
      const Index query = task.first + r, reach = a.window == 0 ? task.frames : a.window;
      score_gradients(scores.row(r), dp.row(r), a.dropout.p > 0 ? keep.row(r) : nullptr, cols, query - reach - key,
                      query + reach + 1 - key, scale_of(K), of[static_cast<std::size_t>(r)]);
    }
    keys.plain(key, cols, K).multiply(scores.rows(), task.count, nullptr, dq.data());
  }
  scale_rows(dq, task.count, K, scale_of(K));
}

// dk = ds^T q and dv = (p keep)^T dout, for the keys of the task.
void run_keys(const AttentionBackwardArgs& a, const AttentionTask& task) {
  const Index K = a.qkv.shape[3];
  const AttentionRows queries = part_of(a.qkv, task, 0), dout = part_of(a.dout, task);
  const AttentionPointers keys = pointers_to(part_of(a.qkv, task, 1), task),
                          values = pointers_to(part_of(a.qkv, task, 2), task);
  const std::array<float*, kAttentionRows> dk = cleared(a, task, 1), dv = cleared(a, task, 2);
  AttentionPanel scores, dp, keep;
  for (Index query = task.begin(a.window); query < task.end(a.window); query += kAttentionPanel) {
    const Index cols = std::min(kAttentionPanel, task.end(a.window) - query);
    std::array<float, kAttentionPanel> lse{}, mean{};
    for (Index c = 0; c < cols; ++c) {
      const OfQuery of = of_query(a, task, query + c);
      lse[static_cast<std::size_t>(c)] = of.lse;
      mean[static_cast<std::size_t>(c)] = of.mean;
    }
    queries.transposed(query, cols, K).multiply(keys.data(), task.count, kZeros.data(), scores.rows());
    dout.transposed(query, cols, K).multiply(values.data(), task.count, kZeros.data(), dp.rows());
    if (a.dropout.p > 0 && !CUTRACT_PLANTED("attention_backward_keeps_all"))
      attention_mask_of_keys(task, a.dropout.p, query, cols, keep);
    for (Index r = 0; r < task.count; ++r) {
      const Index key = task.first + r, reach = a.window == 0 ? task.frames : a.window;
      const bool dropping = a.dropout.p > 0 && !CUTRACT_PLANTED("attention_backward_keeps_all");
      score_gradients_of_key(scores.row(r), dp.row(r), dropping ? keep.row(r) : nullptr, cols, key - reach - query,
                             key + reach + 1 - query, scale_of(K), lse.data(), mean.data());
    }
    queries.plain(query, cols, K).multiply(scores.rows(), task.count, nullptr, dk.data());
    dout.plain(query, cols, K).multiply(dp.rows(), task.count, nullptr, dv.data());
  }
  scale_rows(dk, task.count, K, scale_of(K));
}

}  // namespace

void attention_backward(CpuExec& ex, const AttentionBackwardArgs& a) {
  each_attention_task(ex, a, [&](const AttentionTask& task) { run_queries(a, task); });
  each_attention_task(ex, a, [&](const AttentionTask& task) { run_keys(a, task); });
}

}  // namespace cutract
