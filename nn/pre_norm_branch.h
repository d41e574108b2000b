#pragma once

#include <string>
#include <utility>

#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/residual.h"

namespace cutract {

// y = x + scale dropout(body(norm(x))). A body is a part such as FeedForward or SelfAttention, as wide as its input.
template <class Body>
class PreNormBranch {
 public:
  PreNormBranch(Norm norm, Body body, Residual residual, Index width)
      : norm_(norm), body_(std::move(body)), residual_(residual), width_(width) {}

  Out y() const { return y_; }
  const Body& body() const { return body_; }
  void prepare(const Compute& c) { body_.prepare(c); }
  void plan(const Plan& p) {
    norm_.plan(p);
    n_ = p.kept.take<float, 2>({p.rows, width_});
    body_.plan(p);
    y_ = p.kept.take<float, 2>({p.rows, width_});
  }
  In forward(Exec& ex, In x, const Pass& p) {
    x_ = x;
    norm_.forward(ex, x, n_, p);
    body_.forward(ex, n_, y_, p);
    residual_.forward(ex, x, y_, y_, p);
    return y_;
  }
  // d, the gradient for y, becomes that for x. dbranch and dn are scratch [N, width].
  void backward(Exec& ex, Out d, Out dbranch, Out dn, const Pass& p) const {
    residual_.backward(ex, d, dbranch, p);
    body_.backward(ex, n_, dbranch, dn, false, p);
    norm_.backward(ex, x_, dn, d, true, p);
  }

 private:
  Norm norm_;
  Body body_;
  Residual residual_;
  Index width_;
  In x_;
  Out n_, y_;
};

}  // namespace cutract
