#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/core/fields.h"
#include "nn/branch.h"
#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/self_attention.h"

namespace cutract {

struct TransformerConfig {
  int heads = 4;
  int layers = 4;
  int feed_forward = 1024;
  double dropout = 0.2;
  Activation activation = Activation::relu;
  NormPlace norm = NormPlace::pre;
  Positions positions = Positions::rope;
  int window = 0;
};
void fields(FieldTable&, TransformerConfig&);
std::string describe(const TransformerConfig&);

// The encoder of Vaswani et al. 2017 (arXiv 1706.03762), as wide as its input. Its twin in PyTorch is
// nn.TransformerEncoder of nn.TransformerEncoderLayer, with the same names and initial distributions; PyTorch's has no
// rotary positions.
class Transformer {
 public:
  using Config = TransformerConfig;
  static constexpr const char *kName = "transformer", *kHelp = "encoder layers of self-attention and feed-forward";

  Transformer(Layout&, Index inputs, const Config&);

  Index width() const { return width_; }
  void prepare(Exec&, const Compute&);
  bool reads_lengths_on_host() const { return false; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  void list(Activations&) const;

 private:
  struct Layer {
    Branch<SelfAttention> attention;
    Branch<FeedForward> feed_forward;
  };
  static Layer layer(Layout&, const std::string& scope, Index width, const Config&);

  std::string scope_;
  Index width_;
  std::vector<Layer> layers_;
  std::optional<Norm> last_;  // only with NormPlace::pre
  Out y_;                     // output of last_
  BranchScratch scratch_;
};
static_assert(Block<Transformer>);

}  // namespace cutract
