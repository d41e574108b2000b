#pragma once

#include "host/core/fields.h"
#include "kernels/activation.h"
#include "nn/linear.h"
#include "nn/pass.h"
#include "nn/residual.h"

namespace cutract {

struct DenseConfig {
  int width = 300;
  Activation activation = Activation::relu;
  double dropout = 0;
};
void fields(FieldTable&, DenseConfig&);
std::string describe(const DenseConfig&);

// A linear layer, an activation and dropout, for each frame by itself. Its twin in PyTorch is nn.Linear.
class Dense {
 public:
  using Config = DenseConfig;
  static constexpr const char *kName = "dense", *kHelp = "linear layer, activation and dropout, frame by frame";

  Dense(Layout&, Index inputs, const Config&);

  Index width() const { return linear_.width(); }
  void prepare(Exec&, const Compute& c) { precision_ = c.precision; }
  bool reads_lengths_on_host() const { return false; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  void list(Activations&) const;

 private:
  std::string scope_;
  LinearSlots linear_;
  Activation f_;
  DropoutSite dropped_;
  Precision precision_ = Precision::fp32;
  In x_;
  Out z_, y_;  // before and after the activation; one array if the former is not needed again
};
static_assert(Block<Dense>);

}  // namespace cutract
