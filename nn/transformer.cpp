#include "nn/transformer.h"

#include <fmt/format.h>

#include "host/core/plant.h"

namespace cutract {

void fields(FieldTable& v, TransformerConfig& c) {
  v("heads", c.heads, in(1, 128), "heads of 32 or 64 columns each");
  v("layers", c.layers, in(1, 64), "number of layers");
  v("feed_forward", c.feed_forward, in(1, 65536), "columns inside the feed-forward part");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability of the weights of the keys and of the three outputs");
  v("activation", c.activation, "function inside the feed-forward part");
  v("norm", c.norm, "where a layer normalises: before each part or after it");
  v("positions", c.positions, "how the position of a frame is known");
  v("window", c.window, in(0, 1'000'000), "frames to each side that a frame sees; 0: the utterance");
}

std::string describe(const TransformerConfig& c) {
  return fmt::format("{}-layer transformer ({} heads, feed-forward {})", c.layers, c.heads, c.feed_forward);
}

Transformer::Layer::Layer(Layout& layout, const std::string& scope, Index width, const Config& c)
    : attention(layout, scope + ".self_attn", width, {c.heads, c.dropout, c.positions, c.window}),
      feed_forward(layout, scope + ".linear1", scope + ".linear2", width, c.feed_forward, c.activation, c.dropout),
      norm1(layout, scope + ".norm1", width),
      norm2(layout, scope + ".norm2", width),
      residual1{{layout, c.dropout}},
      residual2{{layout, c.dropout}} {}

Transformer::Transformer(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("encoder")), width_(inputs), config_(c) {
  expect_heads(kName, inputs, c.heads);
  for (int l = 0; l < c.layers; ++l)
    layers_.emplace_back(layout, fmt::format("{}.layers.{}", scope_, l), width_, config_);
  if (pre()) last_.emplace_back(layout, scope_ + ".norm", width_);
}

void Transformer::prepare(Exec&, const Compute& c) {
  for (Layer& layer : layers_) {
    layer.attention.prepare(c);
    layer.feed_forward.prepare(c);
  }
}

void Transformer::Layer::plan(const Plan& p, Index width, bool pre) {
  const std::array<Index, 2> shape{p.rows, width};
  const bool keeps = p.mode == Mode::training;
  attention.plan(p);
  feed_forward.plan(p);
  norm1.plan(p);
  norm2.plan(p);
  n1 = p.kept.take<float, 2>(shape);
  s1 = p.kept.take<float, 2>(shape);
  s2 = p.kept.take<float, 2>(shape);
  n2 = keeps || !pre ? p.kept.take<float, 2>(shape) : n1;
}

// In inference, the arrays of one layer take the place of those of the layer before: a layer has read its input when it
// writes its output.
void Transformer::plan(const Plan& p) {
  const bool keeps = p.mode == Mode::training;
  const std::array<Index, 2> shape{p.rows, width_};
  if (keeps) {
    dbranch_ = p.shared.take<float, 2>(shape);
    dnorm_ = p.shared.take<float, 2>(shape);
  }
  const Index kept = p.kept.used(), shared = p.shared.used();
  for (Layer& layer : layers_) {
    if (!keeps) p.kept.rewind(kept);
    p.shared.rewind(shared);
    layer.plan(p, width_, pre());
  }
  for (Norm& norm : last_) {
    norm.plan(p);
    y_ = p.kept.take<float, 2>(shape);
  }
}

void Transformer::forward_pre(Exec& ex, Layer& l, const Pass& p) const {
  l.norm1.forward(ex, l.x, l.n1, p);
  l.attention.forward(ex, l.n1, l.s1, p);
  l.residual1.forward(ex, l.x, l.s1, l.s1, p);
  l.norm2.forward(ex, l.s1, l.n2, p);
  l.feed_forward.forward(ex, l.n2, l.s2, p);
  l.residual2.forward(ex, l.s1, l.s2, l.s2, p);
}

void Transformer::forward_post(Exec& ex, Layer& l, const Pass& p) const {
  l.attention.forward(ex, l.x, l.s1, p);
  l.residual1.forward(ex, l.x, l.s1, l.s1, p);
  l.norm1.forward(ex, l.s1, l.n1, p);
  l.feed_forward.forward(ex, l.n1, l.s2, p);
  l.residual2.forward(ex, l.n1, l.s2, l.s2, p);
  l.norm2.forward(ex, l.s2, l.n2, p);
}

In Transformer::forward(Exec& ex, In x, const Pass& p) {
  for (Layer& layer : layers_) {
    p.layer_begins();
    layer.x = x;
    if (pre())
      forward_pre(ex, layer, p);
    else
      forward_post(ex, layer, p);
    x = layer.output(pre());
  }
  for (const Norm& norm : last_) {
    norm.forward(ex, x, y_, p);
    x = y_;
  }
  return x;
}

// d, the gradient of the layer's output, becomes that of its input: each branch adds its own.
void Transformer::backward_pre(Exec& ex, const Layer& l, Out d, const Pass& p) const {
  l.residual2.backward(ex, d, dbranch_, p);
  l.feed_forward.backward(ex, l.n2, dbranch_, dnorm_, false, p);
  l.norm2.backward(ex, l.s1, dnorm_, d, !CUTRACT_PLANTED("residual_gradient_lost"), p);
  l.residual1.backward(ex, d, dbranch_, p);
  l.attention.backward(ex, l.n1, dbranch_, dnorm_, false, p);
  l.norm1.backward(ex, l.x, dnorm_, d, true, p);
}

void Transformer::backward_post(Exec& ex, const Layer& l, Out d, const Pass& p) const {
  l.norm2.backward(ex, l.s2, d, d, false, p);
  l.residual2.backward(ex, d, dbranch_, p);
  l.feed_forward.backward(ex, l.n1, dbranch_, d, true, p);
  l.norm1.backward(ex, l.s1, d, d, false, p);
  l.residual1.backward(ex, d, dbranch_, p);
  l.attention.backward(ex, l.x, dbranch_, d, true, p);
}

void Transformer::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  for (const Norm& norm : last_) norm.backward(ex, layers_.back().s2, dy, dy, false, p);
  for (std::size_t l = layers_.size(); l-- > 0;) {
    p.layer_begins();
    if (pre())
      backward_pre(ex, layers_[l], dy, p);
    else
      backward_post(ex, layers_[l], dy, p);
  }
  if (dx.data) scaled_add(ex, {{}, dy, 1, dx});
}

void Transformer::list(Activations& all) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    all.forward.emplace_back(fmt::format("{} layer {}, heads", scope_, l), layers_[l].attention.context());
    all.forward.emplace_back(fmt::format("{} layer {}, output", scope_, l), layers_[l].output(pre()));
  }
}

}  // namespace cutract
