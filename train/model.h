#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

// How many parameters such a model has, computed before any memory is taken for them.
double parameter_count(const ModelShape&);

// "_l1_reverse" for layer 1 and d = 1.
std::string layer_suffix(Index layer, Index d);

// The parameters of a Bi-LSTM stack with a linear head: x [N,F] -> L layers of 2 x H -> y [N,P]. All are in one arena.
// This is what is saved and loaded, in host memory; train/network.h computes with it.
class Model {
 public:
  Model(ModelShape, float dropout);

  const ModelShape& shape() const { return shape_; }
  float dropout() const { return dropout_; }  // probability, between layers and before the head
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Index size() const { return static_cast<Index>(values_.size()); }
  std::vector<float>& values() { return values_; }
  const std::vector<float>& values() const { return values_; }

  // PyTorch's distributions: uniform within 1/sqrt(H) for the LSTM, 1/sqrt(2H) for the head. Each tensor's numbers are
  // a function of (seed, its name) alone.
  void initialise(std::uint64_t seed);

  void save(TensorFile&) const;
  void load(const TensorFile&, const std::string& origin);  // Error{data}: a tensor does not fit, or is not finite

 private:
  ModelShape shape_;
  float dropout_;
  std::vector<Parameter> parameters_;
  std::vector<float> values_;
};

}  // namespace cutract
