#pragma once

#include <string>

#include "host/core/fields.h"
#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/residual.h"
#include "nn/self_attention.h"

namespace cutract {

struct AttentionConfig {
  int heads = 4;
  double dropout = 0.1;
  Positions positions = Positions::none;
  int window = 0;
};
void fields(FieldTable&, AttentionConfig&);
std::string describe(const AttentionConfig&);

// Self-attention over the output of the block before it, e.g. a Bi-LSTM: y = norm(x + dropout(attention(x))). Its twins
// in PyTorch are nn.MultiheadAttention and nn.LayerNorm, named `attention` and `attention_norm`.
class AttentionBlock {
 public:
  using Config = AttentionConfig;
  static constexpr const char *kName = "attention",
                              *kHelp = "self-attention over the utterance, added to its input and normalised";

  AttentionBlock(Layout&, Index inputs, const Config&);

  Index width() const { return width_; }
  void prepare(Exec&, const Compute& c) { attention_.prepare(c); }
  bool reads_lengths_on_host() const { return false; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  void list(Activations&) const;

 private:
  AttentionBlock(Layout&, const std::string& scope, Index inputs, const Config&);

  std::string scope_;
  Index width_;
  SelfAttention attention_;
  Norm norm_;
  Residual residual_;
  In x_;
  Out sum_, y_, dbranch_;
};
static_assert(Block<AttentionBlock>);

}  // namespace cutract
