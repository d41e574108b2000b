#pragma once

#include <string>

#include "kernels/linear.h"
#include "nn/layout.h"
#include "nn/pass.h"

namespace cutract {

// y = x w^T + b, named and initialised as torch.nn.Linear: uniform within 1/sqrt(inputs).
struct LinearSlots {
  Slot<2> weight;
  Slot<1> bias;

  LinearSlots(Slot<2> w, Slot<1> b) : weight(w), bias(b) {}
  LinearSlots(Layout& layout, const std::string& scope, Index inputs, Index outputs)
      : weight(layout.add<2>(scope + ".weight", {outputs, inputs}, uniform_of(inputs))),
        bias(layout.add<1>(scope + ".bias", {outputs}, uniform_of(inputs))) {}

  Index width() const { return weight.shape[0]; }

  void forward(Exec& ex, In x, Out y, const Pass& p, Precision precision) const {
    linear(ex, {x, weight.in(p.params), bias.in(p.params), y, precision});
  }
  void backward(Exec& ex, In x, In dy, Out dx, const Pass& p, Precision precision, bool add_dx = false) const {
    linear_backward(ex, {x, weight.in(p.params), dy, dx, weight.in(p.grads), bias.in(p.grads), precision, add_dx});
  }
};

}  // namespace cutract
