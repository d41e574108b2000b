#pragma once

#include <cstdint>

#include "host/core/philox.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// Which probabilities of attention are dropped. They depend only on (seed, step, site, utterance uid, head, query,
// key), so they are the same on every device, for every batch split and for every thread count.
struct AttentionDropout {
  View<const std::uint32_t, 1> uid;  // [B] index of each utterance in the corpus
  std::uint64_t seed = 0, site = 0;  // site: the number of the place in the model
  View<const Index, 1> step;         // [1] in the executor's memory
  float p = 0;                       // probability of dropping, in [0, 1); with 0, nothing else is read
};

// Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762) within each utterance, separately for each head:
// out = D(softmax(q k^T / sqrt(K))) v, where D is dropout. Memory grows with N, not with the square of the lengths.
struct AttentionArgs {
  View<const float, 4> qkv;  // [N, 3, A, K] queries, keys and values of A heads; K is 32 or 64
  Ragged ragged;
  Index window = 0;  // a query sees keys of at most this distance in frames; 0: all
  AttentionDropout dropout;
  View<float, 3> out;  // [N, A, K], zero after the last utterance
  View<float, 2> lse;  // [N, A] ln of the sum of e^(q k / sqrt(K)) over the keys seen, for backward
};
void attention(Exec&, const AttentionArgs&);
void attention(CpuExec&, const AttentionArgs&);
void attention(GpuExec&, const AttentionArgs&);

struct AttentionBackwardArgs {
  View<const float, 4> qkv;  // [N, 3, A, K]
  Ragged ragged;
  Index window = 0;
  AttentionDropout dropout;
  View<const float, 3> out;   // [N, A, K] of forward
  View<const float, 2> lse;   // [N, A] of forward
  View<const float, 3> dout;  // [N, A, K]
  View<float, 4> dqkv;        // [N, 3, A, K], zero after the last utterance
};
void attention_backward(Exec&, const AttentionBackwardArgs&);
void attention_backward(CpuExec&, const AttentionBackwardArgs&);
void attention_backward(GpuExec&, const AttentionBackwardArgs&);

CUTRACT_HD inline std::uint64_t attention_key(const AttentionDropout& d) {
  return derive_key(d.seed, static_cast<std::uint64_t>(d.step.data[0]), d.site);
}
// Four neighbouring keys share one Philox block.
CUTRACT_HD inline Philox4 attention_bits(std::uint64_t key, std::uint32_t uid, Index head, Index query, Index quad) {
  return philox(key, {{static_cast<std::uint32_t>(quad), static_cast<std::uint32_t>(query), uid,
                       static_cast<std::uint32_t>(head)}});
}

}  // namespace cutract
