#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "kernels/attention/attention.h"
#include "kernels/gemm/packed_gemm_cpu.h"
#include "kernels/isa.h"

// What forward and backward of attention on the CPU share. Not an op: the op's CPU files call it.
namespace cutract {

constexpr Index kAttentionRows = 64;    // queries (or, for the gradients of keys and values, keys) of a task
constexpr Index kAttentionPanel = 128;  // keys (or queries) beside them at a time

// One utterance in one head, and the rows of a task: frames first .. first + count - 1 of the utterance.
struct AttentionTask {
  Index head, first, count;
  Index frames, offset;  // of the utterance; its first row in the batch
  std::uint32_t uid;
  std::uint64_t key;  // of the dropped probabilities

  template <class Args>
  AttentionTask(const Args& a, Index b, Index of_head, Index from)
      : head(of_head),
        first(from),
        count(std::min(kAttentionRows, a.ragged.length.data[b] - from)),
        frames(a.ragged.length.data[b]),
        offset(a.ragged.offset.data[b]),
        uid(a.dropout.p > 0 ? a.dropout.uid.data[b] : 0),
        key(a.dropout.p > 0 ? attention_key(a.dropout) : 0) {}

  // The frames that a window lets these rows see, rounded to whole panels.
  Index begin(Index window) const {
    return window == 0 ? 0 : std::max<Index>(0, first - window) / kAttentionPanel * kAttentionPanel;
  }
  Index end(Index window) const { return window == 0 ? frames : std::min(frames, first + count + window); }
};

// Calls work(task) for each utterance, head and block of rows; the division does not depend on the number of threads.
template <class Args, class Work>
void each_attention_task(const CpuExec& ex, const Args& a, Work&& work) {
  const Index A = a.qkv.shape[2], blocks = (a.ragged.longest + kAttentionRows - 1) / kAttentionRows;
  ex.parallel(a.ragged.utterances * A * blocks, [&](Index i) {
    const Index b = i / (A * blocks), head = i / blocks % A, first = i % blocks * kAttentionRows;
    if (first < a.ragged.length.data[b]) work(AttentionTask(a, b, head, first));
  });
}

// Rows of a matrix [frames, K] inside an array whose rows are `apart` floats apart.
struct AttentionRows {
  const float* at;
  Index apart;
  const float* row(Index t) const { return at + t * apart; }
  // Its transpose, or itself, as the right factor of a product with frames first .. first + n - 1.
  PackedMatrix transposed(Index first, Index n, Index K) const { return {row(first), K, n, 1, apart}; }
  PackedMatrix plain(Index first, Index n, Index K) const { return {row(first), n, K, apart, 1}; }
};
// part: 0 queries, 1 keys, 2 values.
inline AttentionRows part_of(const View<const float, 4>& qkv, const AttentionTask& task, Index part) {
  const auto [N, three, A, K] = qkv.shape;
  return {qkv.data + task.offset * 3 * A * K + (part * A + task.head) * K, 3 * A * K};
}
inline AttentionRows part_of(const View<const float, 3>& out, const AttentionTask& task) {
  const auto [N, A, K] = out.shape;
  return {out.data + task.offset * A * K + task.head * K, A * K};
}

// A block of rows by a panel of columns, with a pointer to each row.
class AttentionPanel {
 public:
  AttentionPanel() : values_(kAttentionRows * kAttentionPanel) {
    for (Index r = 0; r < kAttentionRows; ++r) rows_[static_cast<std::size_t>(r)] = row(r);
  }
  float* row(Index r) { return values_.data() + r * kAttentionPanel; }
  float* const* rows() const { return rows_.data(); }

 private:
  AlignedFloats values_;
  std::array<float*, kAttentionRows> rows_{};
};

using AttentionPointers = std::array<const float*, kAttentionRows>;
inline AttentionPointers pointers_to(const AttentionRows& m, const AttentionTask& task) {
  AttentionPointers out{};
  for (Index r = 0; r < task.count; ++r) out[static_cast<std::size_t>(r)] = m.row(task.first + r);
  return out;
}

// keep[r][c] = 0 or 1 / (1 - p) for queries first .. first + rows - 1 and the `cols` keys from `key`, a multiple of 4.
void attention_mask(const AttentionTask&, float p, Index key, Index cols, AttentionPanel& keep);
// The same with keys first .. first + rows - 1 as rows and the `cols` queries from `query` as columns.
void attention_mask_of_keys(const AttentionTask&, float p, Index query, Index cols, AttentionPanel& keep);

}  // namespace cutract
