#pragma once

#include <string>

#include "nn/layout.h"
#include "nn/linear.h"
#include "nn/pass.h"

namespace cutract {

// The convolution of a conformer, without its layer norm: a linear layer, a gated linear unit, a convolution of each
// channel along the frames of its utterance, group norm over the utterance, SiLU and a second linear layer. Named as in
// torchaudio.models.Conformer(use_group_norm=True), where the linear layers are convolutions with one tap.
class Convolution {
 public:
  Convolution(Layout&, const std::string& scope, Index width, Index taps);

  void prepare(const Compute& c) { precision_ = c.precision; }
  void plan(const Plan&);
  void forward(Exec&, In x, Out y, const Pass&) const;
  // dx = the gradient for x, or dx += it with `add`. x: as in forward; dy is not changed.
  void backward(Exec&, In x, In dy, Out dx, bool add, const Pass&) const;
  Out convolved() const { return convolved_; }  // [N, width]

 private:
  Out stats(const Pass& p) const { return {stats_.data, {p.ragged.utterances, 3}}; }

  Index width_;
  LinearSlots first_;
  Slot<2> taps_weight_;
  Slot<1> taps_bias_, norm_weight_, norm_bias_;
  LinearSlots second_;
  Precision precision_ = Precision::fp32;
  Out pairs_, gated_, convolved_, normed_, active_;  // outputs in this order; pairs_ is [N, 2 width]
  Out dpairs_, d_, dgated_;
  Out stats_;  // of the group norm; one row for each utterance is used
};

}  // namespace cutract
