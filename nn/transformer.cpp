#include "nn/transformer.h"

#include <fmt/format.h>

namespace cutract {

void fields(FieldTable& v, TransformerConfig& c) {
  v("heads", c.heads, in(1, 128), "number of heads; the block's input has 32 or 64 columns for each");
  v("layers", c.layers, in(1, 64), "number of layers");
  v("feed_forward", c.feed_forward, in(1, 65536), "width of the hidden layer of the feed-forward part");
  v("dropout", c.dropout, in(0.0, 0.9),
    "dropout probability of the attention weights, inside the feed-forward part, and of each part's output");
  v("activation", c.activation, "activation of the feed-forward part");
  v("norm", c.norm, "place of layer normalisation, before each part or after it");
  v("positions", c.positions, "position encoding, none or rotary (rope)");
  v("window", c.window, in(0, 1'000'000),
    "frames to each side that a frame attends to; 0: all frames of the utterance");
}

std::string describe(const TransformerConfig& c) {
  return fmt::format("{}-layer transformer ({} heads, feed-forward {})", c.layers, c.heads, c.feed_forward);
}

Transformer::Layer Transformer::layer(Layout& layout, const std::string& scope, Index width, const Config& c) {
  SelfAttention attention(layout, scope + ".self_attn", width, {c.heads, c.dropout, c.positions, c.window});
  FeedForward feed_forward(layout, scope + ".linear1", scope + ".linear2", width, c.feed_forward, c.activation,
                           c.dropout);
  const Norm norm1(layout, scope + ".norm1", width), norm2(layout, scope + ".norm2", width);
  const Residual residual1{{layout, c.dropout}}, residual2{{layout, c.dropout}};
  return {{norm1, attention, residual1, width, c.norm}, {norm2, feed_forward, residual2, width, c.norm}};
}

Transformer::Transformer(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("encoder")), width_(inputs) {
  expect_heads(kName, inputs, c.heads);
  for (int l = 0; l < c.layers; ++l)
    layers_.push_back(layer(layout, fmt::format("{}.layers.{}", scope_, l), width_, c));
  if (c.norm == NormPlace::pre) last_.emplace(layout, scope_ + ".norm", width_);
}

void Transformer::prepare(Exec&, const Compute& c) {
  for (Layer& layer : layers_) {
    layer.attention.prepare(c);
    layer.feed_forward.prepare(c);
  }
}

void Transformer::plan(const Plan& p) {
  scratch_.plan(p, width_);
  plan_layers(p, layers_, [&](Layer& layer) {
    layer.attention.plan(p);
    layer.feed_forward.plan(p);
  });
  if (!last_) return;
  last_->plan(p);
  y_ = p.kept.take<float, 2>({p.rows, width_});
}

In Transformer::forward(Exec& ex, In x, const Pass& p) {
  for (Layer& layer : layers_) {
    p.layer_begins();
    x = layer.feed_forward.forward(ex, layer.attention.forward(ex, x, p), p);
  }
  if (!last_) return x;
  last_->forward(ex, x, y_, p);
  return y_;
}

void Transformer::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  if (last_) last_->backward(ex, layers_.back().feed_forward.y(), dy, dy, false, p);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    p.layer_begins();
    layers_[l].feed_forward.backward(ex, dy, scratch_, p);
    layers_[l].attention.backward(ex, dy, scratch_, p);
  }
  if (dx.data) scaled_add(ex, {{}, dy, 1, dx});
}

void Transformer::list(Activations& all) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    all.forward.emplace_back(fmt::format("{} layer {}, heads", scope_, l), layers_[l].attention.body().context());
    all.forward.emplace_back(fmt::format("{} layer {}, output", scope_, l), layers_[l].feed_forward.y());
  }
}

}  // namespace cutract
