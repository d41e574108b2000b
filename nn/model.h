#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/io/safetensors.h"
#include "nn/layout.h"
#include "nn/stack.h"

namespace cutract {

// Returns the number of parameters of such a model, without allocating them.
Index parameter_count(const ModelSpec&);

// The parameters of a model, all in one arena in host memory, from which they are saved and into which they are loaded;
// nn/network.h computes with them.
class Model {
 public:
  explicit Model(ModelSpec);

  const ModelSpec& spec() const { return spec_; }
  std::span<const Parameter> parameters() const { return layout_.all(); }
  Index size() const { return static_cast<Index>(values_.size()); }
  std::vector<float>& values() { return values_; }
  const std::vector<float>& values() const { return values_; }

  // Draws each tensor from the distribution that PyTorch gives it. The values of a tensor depend only on the seed and
  // its name.
  void initialise(std::uint64_t seed);

  void save(TensorFile&) const;  // adds a float tensor for every parameter
  // Throws Error{data} if a tensor is missing, has a different shape, or holds a value that is not finite.
  void load(const TensorFile&, const std::string& origin);

 private:
  ModelSpec spec_;
  Layout layout_;
  std::vector<float> values_;
};

}  // namespace cutract
