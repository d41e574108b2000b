#include "kernels/attention/attention_cpu.h"

namespace cutract {
namespace {

constexpr Index kQuads = kAttentionPanel / 4;

template <Isa>
CUTRACT_INLINE void mask_body(const AttentionTask& task, float p, Index key, Index cols, AttentionPanel& keep) {
  const float scale = 1.0f / (1.0f - p);
  const Index quads = (cols + 3) / 4;
  for (Index r = 0; r < task.count; ++r) {
    float of[4][kQuads];
    for (Index q = 0; q < quads; ++q) {
      const Philox4 bits = attention_bits(task.key, task.uid, task.head, task.first + r, key / 4 + q);
      for (int i = 0; i < 4; ++i) of[i][q] = uniform(bits.v[i]) < p ? 0.0f : scale;
    }
    float* out = keep.row(r);
    for (Index q = 0; q < quads; ++q)
      for (int i = 0; i < 4; ++i) out[4 * q + i] = of[i][q];
  }
}
CUTRACT_PER_ISA(mask, (const AttentionTask& task, float p, Index key, Index cols, AttentionPanel& keep),
                (task, p, key, cols, keep))

template <Isa>
CUTRACT_INLINE void mask_of_keys_body(const AttentionTask& task, float p, Index query, Index cols,
                                      AttentionPanel& keep) {
  const float scale = 1.0f / (1.0f - p);
  for (Index r = 0; r < task.count; r += 4) {
    float *one = keep.row(r), *two = keep.row(r + 1), *three = keep.row(r + 2), *four = keep.row(r + 3);
#pragma GCC ivdep
    for (Index c = 0; c < cols; ++c) {
      const Philox4 bits = attention_bits(task.key, task.uid, task.head, query + c, (task.first + r) / 4);
      one[c] = uniform(bits.v[0]) < p ? 0.0f : scale;
      two[c] = uniform(bits.v[1]) < p ? 0.0f : scale;
      three[c] = uniform(bits.v[2]) < p ? 0.0f : scale;
      four[c] = uniform(bits.v[3]) < p ? 0.0f : scale;
    }
  }
}
CUTRACT_PER_ISA(mask_of_keys, (const AttentionTask& task, float p, Index query, Index cols, AttentionPanel& keep),
                (task, p, query, cols, keep))

}  // namespace

void attention_mask(const AttentionTask& task, float p, Index key, Index cols, AttentionPanel& keep) {
  mask(task, p, key, cols, keep);
}

void attention_mask_of_keys(const AttentionTask& task, float p, Index query, Index cols, AttentionPanel& keep) {
  mask_of_keys(task, p, query, cols, keep);
}

}  // namespace cutract
