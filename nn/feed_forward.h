#pragma once

#include <string>

#include "host/core/plant.h"
#include "kernels/activation.h"
#include "nn/linear.h"
#include "nn/pass.h"
#include "nn/residual.h"

namespace cutract {

// A linear layer, an activation, dropout and a second linear layer, frame by frame.
class FeedForward {
 public:
  // `first` and `second` are the scopes of the linear layers.
  FeedForward(Layout& layout, const std::string& first, const std::string& second, Index width, Index inner,
              Activation f, double dropout)
      : first_(layout, first, width, inner), second_(layout, second, inner, width), f_(f), dropped_(layout, dropout) {}

  void prepare(const Compute& c) { precision_ = c.precision; }
  void plan(const Plan& p) {
    const std::array<Index, 2> shape{p.rows, first_.width()};
    z_ = p.kept.take<float, 2>(shape);
    y_ = p.mode == Mode::inference ? z_ : p.kept.take<float, 2>(shape);
    if (p.mode == Mode::training) dy_ = p.shared.take<float, 2>(shape);
  }
  void forward(Exec& ex, In x, Out y, const Pass& p) const {
    first_.forward(ex, x, z_, p, precision_);
    activation(ex, {f_, z_, y_});
    dropped_.apply(ex, y_, p);
    second_.forward(ex, y_, y, p, precision_);
  }
  // dx = the gradient for x, or dx += it with `add`. x: as in forward; dy is not changed.
  void backward(Exec& ex, In x, In dy, Out dx, bool add, const Pass& p) const {
    second_.backward(ex, y_, dy, dy_, p, precision_);
    if (!CUTRACT_PLANTED("feed_forward_backward_keeps_all")) dropped_.apply(ex, dy_, p);
    activation_backward(ex, {f_, z_, dy_, dy_});
    first_.backward(ex, x, dy_, dx, p, precision_, add);
  }

 private:
  LinearSlots first_, second_;
  Activation f_;
  DropoutSite dropped_;
  Precision precision_ = Precision::fp32;
  Out z_, y_;  // [N, inner] before and after the activation; one array if the former is not needed again
  Out dy_;
};

}  // namespace cutract
