#pragma once

#include <string>
#include <vector>

#include "host/core/choices.h"
#include "host/core/fields.h"
#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/residual.h"
#include "nn/self_attention.h"

namespace cutract {

// Where a layer normalises: the input of each branch (and the output of the last layer), or each sum.
enum class NormPlace { pre, post };
template <>
inline constexpr auto kNames<NormPlace> = std::to_array<Named<NormPlace>>({{NormPlace::pre, "pre"},
                                                                           {NormPlace::post, "post"}});

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
// nn.TransformerEncoder of nn.TransformerEncoderLayer, with the same names and initial distributions; rotary positions
// are ours.
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
    SelfAttention attention;
    FeedForward feed_forward;
    Norm norm1, norm2;
    Residual residual1, residual2;
    In x;
    Out n1, s1, n2, s2;  // outputs of the norms, and the sums

    Layer(Layout&, const std::string& scope, Index width, const Config&);
    void plan(const Plan&, Index width, bool pre);
    In output(bool pre) const { return pre ? s2 : n2; }
  };
  bool pre() const { return config_.norm == NormPlace::pre; }
  void forward_pre(Exec&, Layer&, const Pass&) const;
  void forward_post(Exec&, Layer&, const Pass&) const;
  void backward_pre(Exec&, const Layer&, Out d, const Pass&) const;
  void backward_post(Exec&, const Layer&, Out d, const Pass&) const;

  std::string scope_;
  Index width_;
  Config config_;
  std::vector<Layer> layers_;
  std::vector<Norm> last_;  // one, for norms before the branches
  Out y_;                   // of that norm
  Out dbranch_, dnorm_;
};
static_assert(Block<Transformer>);

}  // namespace cutract
