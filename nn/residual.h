#pragma once

#include <cstdint>

#include "host/core/plant.h"
#include "kernels/dropout.h"
#include "kernels/scaled_add.h"
#include "nn/layout.h"
#include "nn/pass.h"

namespace cutract {

// Dropout at one place of a model. Without masks, nothing is dropped.
class DropoutSite {
 public:
  DropoutSite(Layout& layout, double p) : site_(layout.dropout_site()), p_(static_cast<float>(p)) {}

  // Called in forward on values, and in backward on their gradients, which are dropped in the same places.
  void apply(Exec& ex, Out x, const Pass& p) const {
    if (p.masks && p_ > 0) dropout(ex, {x, p.ragged, p.masks->uid, p.masks->seed, site_, p.masks->step, p_, x});
  }

 private:
  std::uint64_t site_;
  float p_;
};

// y = x + scale dropout(branch). Overwrites the branch; y may be the same array as the branch.
struct Residual {
  DropoutSite dropped;
  float scale = 1;

  void forward(Exec& ex, In x, Out branch, Out y, const Pass& p) const {
    dropped.apply(ex, branch, p);
    scaled_add(ex, {x, branch, scale, y});
  }
  // Writes the gradient for the branch. The gradient for x is dy, unchanged.
  void backward(Exec& ex, In dy, Out dbranch, const Pass& p) const {
    scaled_add(ex, {{}, dy, scale, dbranch});
    if (!CUTRACT_PLANTED("residual_backward_keeps_all")) dropped.apply(ex, dbranch, p);
  }
};

}  // namespace cutract
