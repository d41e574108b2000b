#pragma once

#include <string>

#include "kernels/layer_norm.h"
#include "nn/layout.h"
#include "nn/pass.h"

namespace cutract {

// Layer normalisation of each frame, named and initialised as torch.nn.LayerNorm.
class Norm {
 public:
  Norm(Layout& layout, const std::string& scope, Index width)
      : weight_(layout.add<1>(scope + ".weight", {width}, {.centre = 1})),
        bias_(layout.add<1>(scope + ".bias", {width}, {})) {}

  void plan(const Plan& p) { stats_ = p.kept.take<float, 2>({p.rows, 2}); }
  void forward(Exec& ex, In x, Out y, const Pass& p) const {
    layer_norm(ex, {x, weight_.in(p.params), bias_.in(p.params), y, stats_});
  }
  // dx = the gradient for x, or dx += it with `add`; otherwise dx may be dy. x: as in forward.
  void backward(Exec& ex, In x, In dy, Out dx, bool add, const Pass& p) const {
    layer_norm_backward(ex, {x, weight_.in(p.params), stats_, dy, dx, weight_.in(p.grads), bias_.in(p.grads), add});
  }

 private:
  Slot<1> weight_, bias_;
  Out stats_;
};

}  // namespace cutract
