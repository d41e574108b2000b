#pragma once

#include <array>
#include <string>
#include <vector>

#include "host/core/fields.h"
#include "kernels/lstm/lstm.h"
#include "nn/layout.h"
#include "nn/pass.h"

namespace cutract {

struct BiLstmConfig {
  int hidden = 128;
  int layers = 2;
  double dropout = 0.3;

  LstmRequest request(const Compute&) const;  // what it requires of an LSTM engine
};
void fields(FieldTable&, BiLstmConfig&);
std::string describe(const BiLstmConfig&);

// Bidirectional LSTM layers, each followed by dropout. Its twin in PyTorch is nn.LSTM(bidirectional=True), with the
// same names of tensors and the same initial distribution: uniform within 1/sqrt(hidden).
class BiLstm {
 public:
  using Config = BiLstmConfig;
  static constexpr const char *kName = "bilstm", *kHelp = "bidirectional LSTM layers, with dropout after each";

  BiLstm(Layout&, Index inputs, const Config&);

  Index width() const { return 2 * hidden_; }
  void prepare(Exec&, const Compute&);
  bool reads_lengths_on_host() const { return engine_ == LstmEngine::cudnn; }
  void plan(const Plan&);
  In forward(Exec&, In x, const Pass&);
  void backward(Exec&, Out dy, Out dx, const Pass&);
  // Engine cudnn does not expose cell states and gradients of the gates.
  void list(Activations&) const;

 private:
  struct Direction {
    Slot<2> w_ih, w_hh;
    Slot<1> b_ih, b_hh;
  };
  struct Layer {
    std::array<Direction, 2> direction;
    Index inputs = 0;
    std::uint64_t site = 0;
    In in;
    View<float, 3> gates, c, h;
    Out dropped;
    View<std::byte, 1> reserve;

    Layer(Layout&, const std::string& scope, Index number, Index inputs, Index hidden);
    std::array<LstmWeights, 2> weights(const Pass&) const;
    std::array<LstmGradients, 2> gradients(const Pass&) const;
  };
  bool dropping(const Pass& p) const { return p.masks && dropout_ > 0; }
  Index reserve_bytes(const Plan&, const Layer&) const;

  std::string scope_;
  BiLstmConfig config_;
  Index hidden_;
  float dropout_;
  Precision precision_ = Precision::fp32;
  LstmEngine engine_ = LstmEngine::automatic;
  std::vector<Layer> layers_;
  Out spare_;  // gradient between two layers
};
static_assert(Block<BiLstm>);

}  // namespace cutract
