#pragma once

#include <string>

#include "host/core/choices.h"
#include "kernels/attention/attention.h"
#include "nn/layout.h"
#include "nn/linear.h"
#include "nn/pass.h"

namespace cutract {

// How attention encodes the positions of frames. Rotary positions depend only on the distance between two frames, so
// they work for recordings of any length.
enum class Positions { none, rope };
template <>
inline constexpr auto kNames<Positions> = std::to_array<Named<Positions>>({{Positions::none, "none"},
                                                                           {Positions::rope, "rope"}});

struct SelfAttentionConfig {
  int heads = 4;
  double dropout = 0;  // of the probabilities
  Positions positions = Positions::rope;
  int window = 0;
};

// Throws Error{config}, naming the block, unless `width` columns divide into heads of 32 or 64.
void expect_heads(const char* block, Index width, int heads);

// Multi-head self-attention within each utterance. Names and initial distribution as torch.nn.MultiheadAttention: the
// queries, keys and values are one product with `in_proj_weight`.
class SelfAttention {
 public:
  SelfAttention(Layout&, const std::string& scope, Index width, const SelfAttentionConfig&);

  void prepare(const Compute& c) { precision_ = c.precision; }
  void plan(const Plan&);
  void forward(Exec&, In x, Out y, const Pass&) const;
  // dx = the gradient for x, or dx += it with `add`. x: as in forward; dy is not changed.
  void backward(Exec&, In x, In dy, Out dx, bool add, const Pass&) const;
  Out context() const { return flat(context_); }  // [N, width] what the heads return, before out_proj

 private:
  Out flat(View<float, 3> v) const { return {v.data, {v.shape[0], width_}}; }
  Out flat(View<float, 4> v) const { return {v.data, {v.shape[0], 3 * width_}}; }
  AttentionDropout dropout(const Pass&) const;

  Index width_;
  SelfAttentionConfig config_;
  LinearSlots in_, out_;
  std::uint64_t site_;
  Precision precision_ = Precision::fp32;
  View<float, 4> qkv_, dqkv_;          // [N, 3, A, K]
  View<float, 3> context_, dcontext_;  // [N, A, K]
  Out lse_;
};

}  // namespace cutract
