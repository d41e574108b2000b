#include "nn/dense.h"

#include <fmt/format.h>

namespace cutract {

void fields(FieldTable& v, DenseConfig& c) {
  v("width", c.width, in(1, 65536), "number of outputs");
  v("activation", c.activation, "function applied to each output");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability of the outputs");
}

std::string describe(const DenseConfig& c) {
  return fmt::format("{} dense{}", c.width,
                     c.activation == Activation::none ? "" : fmt::format(" ({})", name_of(c.activation)));
}

Dense::Dense(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("dense")),
      linear_(layout, scope_, inputs, c.width),
      f_(c.activation),
      dropped_(layout, c.dropout) {}

void Dense::plan(const Plan& p) {
  z_ = p.kept.take<float, 2>({p.rows, width()});
  y_ = p.mode == Mode::inference || f_ == Activation::none ? z_ : p.kept.take<float, 2>({p.rows, width()});
}

In Dense::forward(Exec& ex, In x, const Pass& p) {
  p.layer_begins();
  x_ = x;
  linear_.forward(ex, x, z_, p, precision_);
  if (f_ != Activation::none) activation(ex, {f_, z_, y_});
  dropped_.apply(ex, y_, p);
  return y_;
}

void Dense::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  p.layer_begins();
  dropped_.apply(ex, dy, p);
  if (f_ != Activation::none) activation_backward(ex, {f_, z_, dy, dy});
  linear_.backward(ex, x_, dy, dx, p, precision_);
}

void Dense::list(Activations& all) const { all.forward.emplace_back(scope_ + ", output", y_); }

}  // namespace cutract
