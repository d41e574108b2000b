#include "nn/self_attention.h"

#include <fmt/format.h>

#include <cmath>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "kernels/attention/rope.h"

namespace cutract {
namespace {

// torch.nn.MultiheadAttention: the joint projection uniform by Xavier and Bengio's rule, all biases 0.
LinearSlots in_projection(Layout& layout, const std::string& scope, Index width) {
  const Init xavier{std::sqrt(6.0 / static_cast<double>(4 * width))};
  return {layout.add<2>(scope + ".in_proj_weight", {3 * width, width}, xavier),
          layout.add<1>(scope + ".in_proj_bias", {3 * width}, {})};
}
LinearSlots out_projection(Layout& layout, const std::string& scope, Index width) {
  return {layout.add<2>(scope + ".out_proj.weight", {width, width}, uniform_of(width)),
          layout.add<1>(scope + ".out_proj.bias", {width}, {})};
}

}  // namespace

void expect_heads(const char* block, Index width, int heads) {
  const Index size = width / heads;
  if (width % heads == 0 && (size == 32 || size == 64)) return;
  fail(
      Fault::config,
      fmt::format("model.stack: {} has {} heads for an input of {} columns, but a head must have 32 or 64 columns; set "
                  "heads to the columns divided by 32 or 64, or change the width of the block before it",
                  block, heads, width));
}

SelfAttention::SelfAttention(Layout& layout, const std::string& scope, Index width, const SelfAttentionConfig& c)
    : width_(width),
      config_(c),
      in_(in_projection(layout, scope, width)),
      out_(out_projection(layout, scope, width)),
      site_(layout.dropout_site()) {}

void SelfAttention::plan(const Plan& p) {
  const Index A = config_.heads, K = width_ / A;
  qkv_ = p.kept.take<float, 4>({p.rows, 3, A, K});
  context_ = p.kept.take<float, 3>({p.rows, A, K});
  lse_ = p.kept.take<float, 2>({p.rows, A});
  if (p.mode == Mode::inference) return;
  dqkv_ = p.shared.take<float, 4>({p.rows, 3, A, K});
  dcontext_ = p.shared.take<float, 3>({p.rows, A, K});
}

AttentionDropout SelfAttention::dropout(const Pass& p) const {
  if (!p.masks || config_.dropout == 0) return {};
  return {p.masks->uid, p.masks->seed, site_, p.masks->step, static_cast<float>(config_.dropout)};
}

void SelfAttention::forward(Exec& ex, In x, Out y, const Pass& p) const {
  in_.forward(ex, x, flat(qkv_), p, precision_);
  if (config_.positions == Positions::rope) rope(ex, {qkv_, p.ragged});
  attention(ex, {qkv_, p.ragged, config_.window, dropout(p), context_, lse_});
  out_.forward(ex, flat(context_), y, p, precision_);
}

void SelfAttention::backward(Exec& ex, In x, In dy, Out dx, bool add, const Pass& p) const {
  out_.backward(ex, flat(context_), dy, flat(dcontext_), p, precision_);
  const AttentionDropout dropped = CUTRACT_PLANTED("attention_block_keeps_all") ? AttentionDropout{} : dropout(p);
  attention_backward(ex, {qkv_, p.ragged, config_.window, dropped, context_, lse_, dcontext_, dqkv_});
  if (config_.positions == Positions::rope) rope(ex, {dqkv_, p.ragged, !CUTRACT_PLANTED("gradients_turned_forward")});
  in_.backward(ex, x, flat(dqkv_), dx, p, precision_, add);
}

}  // namespace cutract
