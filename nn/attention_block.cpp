#include "nn/attention_block.h"

#include <fmt/format.h>

#include <algorithm>

namespace cutract {
namespace {

// Names the block in an error before its tensors are laid out.
Index checked_width(Index inputs, int heads) {
  expect_heads("attention", inputs, heads);
  return inputs;
}

}  // namespace

void fields(FieldTable& v, AttentionConfig& c) {
  v("heads", c.heads, in(1, 128), "heads of 32 or 64 columns each");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability of the weights of the keys, and of the output");
  v("positions", c.positions, "how the position of a frame is known");
  v("window", c.window, in(0, 1'000'000), "frames to each side that a frame sees; 0: the utterance");
}

std::string describe(const AttentionConfig& c) { return fmt::format("attention ({} heads)", c.heads); }

AttentionBlock::AttentionBlock(Layout& layout, Index inputs, const Config& c)
    : AttentionBlock(layout, layout.scope("attention"), inputs, c) {}

AttentionBlock::AttentionBlock(Layout& layout, const std::string& scope, Index inputs, const Config& c)
    : scope_(scope),
      width_(checked_width(inputs, c.heads)),
      attention_(layout, scope, inputs, {c.heads, c.dropout, c.positions, c.window}),
      norm_(layout, scope + "_norm", inputs),
      residual_{{layout, c.dropout}} {}

void AttentionBlock::plan(const Plan& p) {
  attention_.plan(p);
  norm_.plan(p);
  sum_ = p.kept.take<float, 2>({p.rows, width_});
  y_ = p.mode == Mode::inference ? sum_ : p.kept.take<float, 2>({p.rows, width_});
  if (p.mode == Mode::training) dbranch_ = p.shared.take<float, 2>({p.rows, width_});
}

In AttentionBlock::forward(Exec& ex, In x, const Pass& p) {
  p.layer_begins();
  x_ = x;
  attention_.forward(ex, x, sum_, p);
  residual_.forward(ex, x, sum_, sum_, p);
  norm_.forward(ex, sum_, y_, p);
  return y_;
}

void AttentionBlock::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  p.layer_begins();
  norm_.backward(ex, sum_, dy, dy, false, p);
  residual_.backward(ex, dy, dbranch_, p);
  attention_.backward(ex, x_, dbranch_, dy, true, p);
  if (dx.data) scaled_add(ex, {{}, dy, 1, dx});
}

void AttentionBlock::list(Activations& all) const {
  all.forward.emplace_back(scope_ + ", heads", attention_.context());
  all.forward.emplace_back(scope_ + ", output", y_);
}

}  // namespace cutract
