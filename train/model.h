#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/core/exec.h"
#include "host/core/ragged.h"
#include "host/core/view.h"
#include "host/io/safetensors.h"

namespace cutract {

struct ModelShape {
  Index features = 0, hidden = 0, layers = 0, outputs = 0;  // F, H, L, P
};

// One named tensor of the arenas, e.g. lstm.weight_hh_l1_reverse: PyTorch's names and shapes.
struct Parameter {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0, size = 0;  // in the arenas
};

// A Bi-LSTM stack with a linear head: x [N,F] -> L layers of 2 x H -> y [N,P]. Dropout between layers and before the
// head. All parameters lie in one arena, their gradients in another of the same layout.
class Model {
 public:
  Model(ModelShape, float dropout);

  const ModelShape& shape() const { return shape_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Index size() const { return static_cast<Index>(params_.size()); }
  View<float, 1> params() { return {params_.data(), {size()}}; }
  View<const float, 1> params() const { return {params_.data(), {size()}}; }
  View<float, 1> grads() { return {grads_.data(), {size()}}; }
  void zero_grads();

  // PyTorch's distributions: uniform within 1/sqrt(H) for the LSTM, 1/sqrt(2H) for the head. Each tensor's numbers are
  // a function of (seed, its name) alone.
  void initialise(std::uint64_t seed);

  // Which masks dropout draws. Evaluation passes none.
  struct Dropout {
    std::uint64_t seed = 0, step = 0;
    View<const std::uint32_t, 1> uid;  // [B]
  };
  // y [N,P] in buffers of this model, valid until the next forward. x must stay until backward is done.
  View<const float, 2> forward(Exec&, View<const float, 2> x, const Ragged&, const Dropout* = nullptr);
  // After forward with the same batch: adds to grads(). dx [N,F] if its data is not null.
  void backward(Exec&, View<const float, 2> dy, View<float, 2> dx = {});

  // Top layer's output [N,2H] of the last forward, before dropout.
  View<const float, 2> top() const;

  void save(TensorFile&) const;
  void load(const TensorFile&, const std::string& origin);  // Error{data} naming the first tensor that does not fit

 private:
  struct Layer {
    View<const float, 2> in;  // [N, F or 2H] after dropout
    View<float, 3> gates, c, h;
  };
  const Parameter& parameter(const std::string& name) const;
  View<float, 2> matrix(std::vector<float>& arena, const std::string& name) const;
  View<float, 1> vector(std::vector<float>& arena, const std::string& name) const;
  void plan(Index frames);

  ModelShape shape_;
  float dropout_;
  std::vector<Parameter> parameters_;
  std::vector<float> params_, grads_;

  // The step arena: grows to the largest batch seen, never shrinks.
  std::vector<float> step_;
  std::vector<Layer> layers_;
  View<float, 2> y_, dropped_top_, dh_, dh_below_;
  std::vector<View<float, 2>> dropped_;  // input of layer l >= 1
  View<const float, 2> head_in_;
  Ragged ragged_;
  Dropout mode_;
  bool dropping_ = false;
};

}  // namespace cutract
