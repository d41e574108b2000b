#include "nn/conformer.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "kernels/depthwise_conv.h"

namespace cutract {

void fields(FieldTable& v, ConformerConfig& c) {
  v("heads", c.heads, in(1, 128), "number of heads; the block's input has 32 or 64 columns for each");
  v("layers", c.layers, in(1, 64), "number of layers");
  v("feed_forward", c.feed_forward, in(1, 65536), "width of the hidden layers of the feed-forward parts");
  v("kernel", c.kernel, in(1, static_cast<int>(kMostConvTaps)), "frames that the convolution covers; an odd number");
  v("dropout", c.dropout, in(0.0, 0.9),
    "dropout probability of the attention weights, inside the feed-forward parts, and of each part's output");
  v("positions", c.positions, "position encoding, none or rotary (rope)");
  v("window", c.window, in(0, 1'000'000),
    "frames to each side that a frame attends to; 0: all frames of the utterance");
  v("convolution_first", c.convolution_first, "whether the convolution comes before the attention");
}

std::string describe(const ConformerConfig& c) {
  return fmt::format("{}-layer conformer ({} heads, feed-forward {}, kernel {})", c.layers, c.heads, c.feed_forward,
                     c.kernel);
}

namespace {

Branch<FeedForward> feed_forward(Layout& layout, const std::string& scope, Index width, const ConformerConfig& c) {
  const std::string at = scope + ".sequential.";
  const Norm norm(layout, at + "0", width);
  FeedForward body(layout, at + "1", at + "4", width, c.feed_forward, Activation::silu, c.dropout);
  const float half = CUTRACT_PLANTED("conformer_whole_feed_forward") ? 1 : 0.5f;
  return {norm, body, {{layout, c.dropout}, half}, width};
}

Branch<SelfAttention> self_attention(Layout& layout, const std::string& scope, Index width, const ConformerConfig& c) {
  const Norm norm(layout, scope + ".self_attn_layer_norm", width);
  SelfAttention body(layout, scope + ".self_attn", width, {c.heads, c.dropout, c.positions, c.window});
  return {norm, body, {{layout, c.dropout}}, width};
}

Branch<Convolution> convolution(Layout& layout, const std::string& scope, Index width, const ConformerConfig& c) {
  const Norm norm(layout, scope + ".conv_module.layer_norm", width);
  Convolution body(layout, scope + ".conv_module.sequential", width, c.kernel);
  return {norm, body, {{layout, c.dropout}}, width};
}

}  // namespace

Conformer::Layer::Layer(Layout& layout, const std::string& scope, Index width, const Config& c)
    : first(feed_forward(layout, scope + ".ffn1", width, c)),
      attention(self_attention(layout, scope, width, c)),
      convolution(cutract::convolution(layout, scope, width, c)),
      second(feed_forward(layout, scope + ".ffn2", width, c)),
      last(layout, scope + ".final_layer_norm", width) {}

template <class F>
void Conformer::Layer::each_branch(bool convolution_first, F&& with) {
  with(first);
  if (convolution_first) with(convolution);
  with(attention);
  if (!convolution_first) with(convolution);
  with(second);
}

Conformer::Conformer(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("conformer")), width_(inputs), config_(c) {
  expect_heads(kName, inputs, c.heads);
  if (c.kernel % 2 == 0)
    fail(Fault::config,
         fmt::format("model.stack: conformer has kernel = {}, expected an odd number of frames", c.kernel));
  for (int l = 0; l < c.layers; ++l)
    layers_.emplace_back(layout, fmt::format("{}.conformer_layers.{}", scope_, l), width_, config_);
}

void Conformer::prepare(Exec&, const Compute& c) {
  for (Layer& layer : layers_) layer.each_branch(config_.convolution_first, [&](auto& branch) { branch.prepare(c); });
}

void Conformer::plan(const Plan& p) {
  scratch_.plan(p, width_);
  plan_layers(p, layers_, [&](Layer& layer) {
    layer.each_branch(config_.convolution_first, [&](auto& branch) { branch.plan(p); });
    layer.last.plan(p);
    layer.y = p.kept.take<float, 2>({p.rows, width_});
  });
}

In Conformer::forward(Exec& ex, In x, const Pass& p) {
  for (Layer& layer : layers_) {
    p.layer_begins();
    layer.each_branch(config_.convolution_first, [&](auto& branch) { x = branch.forward(ex, x, p); });
    layer.last.forward(ex, x, layer.y, p);
    x = layer.y;
  }
  return x;
}

void Conformer::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  const auto back = [&](const auto& branch) { branch.backward(ex, dy, scratch_, p); };
  for (std::size_t l = layers_.size(); l-- > 0;) {
    p.layer_begins();
    const Layer& layer = layers_[l];
    layer.last.backward(ex, layer.second.y(), dy, dy, false, p);
    back(layer.second);
    if (!config_.convolution_first) back(layer.convolution);
    back(layer.attention);
    if (config_.convolution_first) back(layer.convolution);
    back(layer.first);
  }
  if (dx.data) scaled_add(ex, {{}, dy, 1, dx});
}

void Conformer::list(Activations& all) const {
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const auto add = [&](const char* what, In v) {
      all.forward.emplace_back(fmt::format("{} layer {}, {}", scope_, l, what), v);
    };
    add("heads", layers_[l].attention.body().context());
    add("convolution", layers_[l].convolution.body().convolved());
    add("output", layers_[l].y);
  }
}

}  // namespace cutract
