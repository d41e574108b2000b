#pragma once

#include <string>

#include "host/core/fields.h"
#include "nn/branch.h"
#include "nn/pass.h"
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
  void prepare(Exec&, const Compute& c) { branch_.prepare(c); }
  bool reads_lengths_on_host() const { return false; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  void list(Activations&) const;

 private:
  std::string scope_;
  Branch<SelfAttention> branch_;
  BranchScratch scratch_;
  Index width_;
};
static_assert(Block<AttentionBlock>);

}  // namespace cutract
