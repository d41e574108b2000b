#include "nn/convolution.h"

#include "kernels/activation.h"
#include "kernels/depthwise_conv.h"
#include "kernels/glu.h"
#include "kernels/group_norm.h"

namespace cutract {
namespace {

// torch.nn.Conv1d with one tap, whose weight [O, I, 1] is that of a linear layer.
LinearSlots one_tap(Layout& layout, const std::string& scope, Index inputs, Index outputs) {
  const Slot<3> weight = layout.add<3>(scope + ".weight", {outputs, inputs, 1}, uniform_of(inputs));
  return {Slot<2>{weight.offset, {outputs, inputs}}, layout.add<1>(scope + ".bias", {outputs}, uniform_of(inputs))};
}

Slot<2> taps_of(Layout& layout, const std::string& name, Index width, Index taps) {
  const Slot<3> weight = layout.add<3>(name, {width, 1, taps}, uniform_of(taps));
  return {weight.offset, {width, taps}};
}

}  // namespace

Convolution::Convolution(Layout& layout, const std::string& scope, Index width, Index taps)
    : width_(width),
      first_(one_tap(layout, scope + ".0", width, 2 * width)),
      taps_weight_(taps_of(layout, scope + ".2.weight", width, taps)),
      taps_bias_(layout.add<1>(scope + ".2.bias", {width}, uniform_of(taps))),
      norm_weight_(layout.add<1>(scope + ".3.weight", {width}, {.centre = 1})),
      norm_bias_(layout.add<1>(scope + ".3.bias", {width}, {})),
      second_(one_tap(layout, scope + ".5", width, width)) {}

void Convolution::plan(const Plan& p) {
  const std::array<Index, 2> shape{p.rows, width_}, twice{p.rows, 2 * width_};
  const bool keeps = p.mode == Mode::training;
  stats_ = p.kept.take<float, 2>({p.rows, 3});
  pairs_ = p.kept.take<float, 2>(twice);
  gated_ = p.kept.take<float, 2>(shape);
  convolved_ = p.kept.take<float, 2>(shape);
  normed_ = keeps ? p.kept.take<float, 2>(shape) : convolved_;
  active_ = keeps ? p.kept.take<float, 2>(shape) : convolved_;
  if (!keeps) return;
  dpairs_ = p.shared.take<float, 2>(twice);
  d_ = p.shared.take<float, 2>(shape);
  dgated_ = p.shared.take<float, 2>(shape);
}

void Convolution::forward(Exec& ex, In x, Out y, const Pass& p) const {
  first_.forward(ex, x, pairs_, p, precision_);
  glu(ex, {pairs_, gated_});
  depthwise_conv(ex, {gated_, p.ragged, taps_weight_.in(p.params), taps_bias_.in(p.params), convolved_});
  group_norm(ex, {convolved_, p.ragged, norm_weight_.in(p.params), norm_bias_.in(p.params), normed_, stats(p)});
  activation(ex, {Activation::silu, normed_, active_});
  second_.forward(ex, active_, y, p, precision_);
}

void Convolution::backward(Exec& ex, In x, In dy, Out dx, bool add, const Pass& p) const {
  second_.backward(ex, active_, dy, d_, p, precision_);
  activation_backward(ex, {Activation::silu, normed_, d_, d_});
  group_norm_backward(ex, {convolved_, p.ragged, norm_weight_.in(p.params), stats(p), d_, d_, norm_weight_.in(p.grads),
                           norm_bias_.in(p.grads)});
  depthwise_conv_backward(
      ex, {gated_, p.ragged, taps_weight_.in(p.params), d_, dgated_, taps_weight_.in(p.grads), taps_bias_.in(p.grads)});
  glu_backward(ex, {pairs_, dgated_, dpairs_});
  first_.backward(ex, x, dpairs_, dx, p, precision_, add);
}

}  // namespace cutract
