#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/io/safetensors.h"

namespace cutract {

struct ModelShape {
  Index features = 0, hidden = 0, layers = 0, outputs = 0;  // F, H (units per direction), L, P
};

// One named tensor of the arenas, e.g. lstm.weight_hh_l1_reverse: PyTorch's names and shapes.
struct Parameter {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0, size = 0;  // in the arenas
};

// Returns the number of parameters of such a model, without allocating them.
double parameter_count(const ModelShape&);

// The end of a parameter's name: "_l1" for layer 1 and direction d = 0, "_l1_reverse" for d = 1.
std::string layer_suffix(Index layer, Index d);

// The parameters of a Bi-LSTM stack with a linear head: x [N,F] -> L layers of 2 x H -> y [N,P]. All are in one arena
// in host memory, from which they are saved and into which they are loaded; nn/network.h computes with them.
class Model {
 public:
  Model(ModelShape, float dropout);

  const ModelShape& shape() const { return shape_; }
  float dropout() const { return dropout_; }  // probability, between layers and before the head
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Index size() const { return static_cast<Index>(values_.size()); }
  std::vector<float>& values() { return values_; }
  const std::vector<float>& values() const { return values_; }

  // Draws from PyTorch's distributions: uniform within 1/sqrt(H) for the LSTM, 1/sqrt(2H) for the head. The values of a
  // tensor depend only on the seed and its name.
  void initialise(std::uint64_t seed);

  void save(TensorFile&) const;  // adds a float tensor for every parameter
  // Throws Error{data} if a tensor is missing, has a different shape, or holds a value that is not finite.
  void load(const TensorFile&, const std::string& origin);

 private:
  ModelShape shape_;
  float dropout_;
  std::vector<Parameter> parameters_;
  std::vector<float> values_;
};

}  // namespace cutract
