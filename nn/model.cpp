#include "nn/model.h"

#include <algorithm>
#include <cmath>

#include "host/core/error.h"
#include "host/core/philox.h"

namespace cutract {

std::string layer_suffix(Index layer, Index d) { return "_l" + std::to_string(layer) + (d == 1 ? "_reverse" : ""); }

double parameter_count(const ModelShape& s) {
  const auto F = static_cast<double>(s.features), H = static_cast<double>(s.hidden), P = static_cast<double>(s.outputs);
  const double first = 2 * 4 * H * (F + H + 2), other = 2 * 4 * H * (2 * H + H + 2);
  return first + static_cast<double>(s.layers - 1) * other + P * (2 * H + 1);
}

Model::Model(ModelShape shape, float dropout) : shape_(shape), dropout_(dropout) {
  const auto add = [this](std::string name, std::vector<Index> extents) {
    Index n = 1;
    for (const Index d : extents) n *= d;
    const Index at = parameters_.empty() ? 0 : parameters_.back().offset + parameters_.back().size;
    parameters_.push_back({std::move(name), std::move(extents), at, n});
  };
  const Index H = shape_.hidden;
  for (Index l = 0; l < shape_.layers; ++l)
    for (Index d = 0; d < 2; ++d) {
      add("lstm.weight_ih" + layer_suffix(l, d), {4 * H, l == 0 ? shape_.features : 2 * H});
      add("lstm.weight_hh" + layer_suffix(l, d), {4 * H, H});
      add("lstm.bias_ih" + layer_suffix(l, d), {4 * H});
      add("lstm.bias_hh" + layer_suffix(l, d), {4 * H});
    }
  add("fc.weight", {shape_.outputs, 2 * H});
  add("fc.bias", {shape_.outputs});
  const auto total = static_cast<std::size_t>(parameters_.back().offset + parameters_.back().size);
  values_.resize(total);
}

void Model::initialise(std::uint64_t seed) {
  for (const auto& p : parameters_) {
    const double fan = static_cast<double>(p.name.starts_with("fc.") ? 2 * shape_.hidden : shape_.hidden);
    const float bound = static_cast<float>(1 / std::sqrt(fan));
    PhiloxStream stream(derive_key(seed, name_hash(p.name), 0));
    for (Index i = 0; i < p.size; ++i)
      values_[static_cast<std::size_t>(p.offset + i)] = (2 * uniform(stream.next()) - 1) * bound;
  }
}

void Model::save(TensorFile& file) const {
  for (const auto& p : parameters_)
    file.tensors[p.name] = Tensor::f32(p.shape, std::span(values_.data() + p.offset, static_cast<std::size_t>(p.size)));
}

void Model::load(const TensorFile& file, const std::string& origin) {
  for (const auto& p : parameters_) {
    const Tensor& t = file.at(p.name, origin);
    if (t.shape != p.shape)
      fail(Fault::data,
           origin + ": tensor " + p.name + " does not have the shape that its config gives; the file was altered");
    const std::vector<float> values = t.as_f32();
    const auto bad = std::find_if(values.begin(), values.end(), [](float v) { return !std::isfinite(v); });
    if (bad != values.end())
      fail(Fault::data, origin + ": tensor " + p.name + " holds a weight that is " + std::to_string(*bad) +
                            ", expected finite numbers; use an earlier checkpoint");
    std::copy(values.begin(), values.end(), values_.begin() + p.offset);
  }
}

}  // namespace cutract
