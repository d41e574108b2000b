#pragma once

#include <utility>

#include "host/core/choices.h"
#include "host/core/plant.h"
#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/residual.h"

namespace cutract {

// Where a branch normalises: its input, or its sum with the input.
enum class NormPlace { pre, post };
template <>
inline constexpr auto kNames<NormPlace> = std::to_array<Named<NormPlace>>({{NormPlace::pre, "pre"},
                                                                           {NormPlace::post, "post"}});

// Memory for the gradients inside a branch, [N, width] each, which the branches use in turn.
struct BranchScratch {
  Out branch, norm;
  void plan(const Plan& p, Index width) {
    if (p.mode == Mode::inference) return;
    branch = p.shared.take<float, 2>({p.rows, width});
    norm = p.shared.take<float, 2>({p.rows, width});
  }
};

// Plans a sequence of layers, each of which reads the output of the one before. In inference, all layers use the same
// memory: a layer has read its input before it writes its output.
template <class Layers, class With>
void plan_layers(const Plan& p, Layers& layers, With&& with) {
  const Index kept = p.kept.used();
  for (auto& layer : layers) {
    if (p.mode == Mode::inference) p.kept.rewind(kept);
    with(layer);
  }
}

// A part of a layer whose output is added to its input: x + scale dropout(body(norm(x))) with NormPlace::pre, and
// norm(x + scale dropout(body(x))) with NormPlace::post. The output of a body, such as FeedForward or SelfAttention, is
// as wide as its input.
template <class Body>
class Branch {
 public:
  Branch(Norm norm, Body body, Residual residual, Index width, NormPlace place = NormPlace::pre)
      : norm_(norm), body_(std::move(body)), residual_(residual), width_(width), pre_(place == NormPlace::pre) {}

  const Body& body() const { return body_; }
  Out y() const { return pre_ ? sum_ : normed_; }
  void prepare(const Compute& c) { body_.prepare(c); }

  void plan(const Plan& p) {
    const Index shared = p.shared.used();
    norm_.plan(p);
    body_.plan(p);
    p.shared.rewind(shared);  // the gradients inside the next branch take the place of these
    sum_ = p.kept.take<float, 2>({p.rows, width_});
    const bool in_place = !pre_ && p.mode == Mode::inference;
    normed_ = in_place ? sum_ : p.kept.take<float, 2>({p.rows, width_});
  }
  In forward(Exec& ex, In x, const Pass& p) {
    x_ = x;
    if (pre_) norm_.forward(ex, x, normed_, p);
    body_.forward(ex, input_of_body(), sum_, p);
    residual_.forward(ex, x, sum_, sum_, p);
    if (!pre_) norm_.forward(ex, sum_, normed_, p);
    return y();
  }
  // Replaces d, the gradient for y, by the gradient for x.
  void backward(Exec& ex, Out d, const BranchScratch& scratch, const Pass& p) const {
    if (!pre_) norm_.backward(ex, sum_, d, d, false, p);
    residual_.backward(ex, d, scratch.branch, p);
    body_.backward(ex, input_of_body(), scratch.branch, pre_ ? scratch.norm : d, !pre_, p);
    if (pre_) norm_.backward(ex, x_, scratch.norm, d, !CUTRACT_PLANTED("residual_gradient_lost"), p);
  }

 private:
  In input_of_body() const { return pre_ ? In(normed_) : x_; }

  Norm norm_;
  Body body_;
  Residual residual_;
  Index width_;
  bool pre_;
  In x_;
  Out normed_, sum_;  // outputs of the norm and of the addition
};

}  // namespace cutract
