#pragma once

#include <string>
#include <vector>

#include "host/core/fields.h"
#include "nn/branch.h"
#include "nn/convolution.h"
#include "nn/feed_forward.h"
#include "nn/norm.h"
#include "nn/pass.h"
#include "nn/self_attention.h"

namespace cutract {

struct ConformerConfig {
  int heads = 4;
  int layers = 4;
  int feed_forward = 512;
  int kernel = 31;
  double dropout = 0.2;
  Positions positions = Positions::rope;
  int window = 0;
  bool convolution_first = false;
};
void fields(FieldTable&, ConformerConfig&);
std::string describe(const ConformerConfig&);

// The conformer of Gulati et al. 2020 (arXiv 2005.08100), as wide as its input. Its twin is
// torchaudio.models.Conformer(use_group_norm=True), with the same names and initial distributions but without
// rotary positions. Group norm is over an utterance, so a result does not depend on the rest of the batch.
class Conformer {
 public:
  using Config = ConformerConfig;
  static constexpr const char *kName = "conformer",
                              *kHelp = "layers of feed-forward, self-attention, convolution and feed-forward";

  Conformer(Layout&, Index inputs, const Config&);

  Index width() const { return width_; }
  void prepare(Exec&, const Compute&);
  bool reads_lengths_on_host() const { return false; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  void list(Activations&) const;

 private:
  struct Layer {
    Branch<FeedForward> first;
    Branch<SelfAttention> attention;
    Branch<Convolution> convolution;
    Branch<FeedForward> second;
    Norm last;
    Out y;

    Layer(Layout&, const std::string& scope, Index width, const Config&);
    // Calls with(branch) for the branches in order.
    template <class F>
    void each_branch(bool convolution_first, F&& with);
  };

  std::string scope_;
  Index width_;
  Config config_;
  std::vector<Layer> layers_;
  BranchScratch scratch_;
};
static_assert(Block<Conformer>);

}  // namespace cutract
