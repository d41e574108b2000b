#include "nn/attention_block.h"

#include <fmt/format.h>

namespace cutract {
namespace {

Branch<SelfAttention> branch(Layout& layout, const std::string& scope, Index width, const AttentionConfig& c) {
  expect_heads("attention", width, c.heads);
  SelfAttention body(layout, scope, width, {c.heads, c.dropout, c.positions, c.window});
  const Norm norm(layout, scope + "_norm", width);
  return {norm, body, {{layout, c.dropout}}, width, NormPlace::post};
}

}  // namespace

void fields(FieldTable& v, AttentionConfig& c) {
  v("heads", c.heads, in(1, 128), "number of heads; the block's input has 32 or 64 columns for each");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability of the attention weights and of the output");
  v("positions", c.positions, "position encoding, none or rotary (rope)");
  v("window", c.window, in(0, 1'000'000),
    "frames to each side that a frame attends to; 0: all frames of the utterance");
}

std::string describe(const AttentionConfig& c) { return fmt::format("attention ({} heads)", c.heads); }

AttentionBlock::AttentionBlock(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("attention")), branch_(branch(layout, scope_, inputs, c)), width_(inputs) {}

void AttentionBlock::plan(const Plan& p) {
  scratch_.plan(p, width_);
  branch_.plan(p);
}

In AttentionBlock::forward(Exec& ex, In x, const Pass& p) {
  p.layer_begins();
  return branch_.forward(ex, x, p);
}

void AttentionBlock::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  p.layer_begins();
  branch_.backward(ex, dy, scratch_, p);
  if (dx.data) scaled_add(ex, {{}, dy, 1, dx});
}

void AttentionBlock::list(Activations& all) const {
  all.forward.emplace_back(scope_ + ", heads", branch_.body().context());
  all.forward.emplace_back(scope_ + ", output", branch_.y());
}

}  // namespace cutract
