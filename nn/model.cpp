#include "nn/model.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "host/core/error.h"
#include "host/core/philox.h"

namespace cutract {

Index parameter_count(const ModelSpec& spec) {
  Layout layout;
  const Stack stack(layout, spec);
  return layout.size();
}

Model::Model(ModelSpec spec) : spec_(std::move(spec)) {
  const Stack stack(layout_, spec_);
  values_.resize(static_cast<std::size_t>(layout_.size()));
}

void Model::initialise(std::uint64_t seed) {
  for (const Parameter& p : parameters()) {
    const std::span<float> values(values_.data() + p.offset, static_cast<std::size_t>(p.size));
    const auto bound = static_cast<float>(p.init.bound), centre = static_cast<float>(p.init.centre);
    PhiloxStream stream(derive_key(seed, name_hash(p.name), 0));
    for (float& v : values) v = centre + (2 * uniform(stream.next()) - 1) * bound;
  }
}

void Model::save(TensorFile& file) const {
  for (const Parameter& p : parameters())
    file.tensors[p.name] = Tensor::f32(p.shape, std::span(values_.data() + p.offset, static_cast<std::size_t>(p.size)));
}

void Model::load(const TensorFile& file, const std::string& origin) {
  for (const Parameter& p : parameters()) {
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
