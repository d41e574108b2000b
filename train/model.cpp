#include "train/model.h"

#include <algorithm>
#include <cmath>

#include "host/core/error.h"
#include "host/core/philox.h"
#include "host/core/plant.h"
#include "kernels/dropout.h"
#include "kernels/linear.h"
#include "kernels/lstm.h"

namespace cutract {
namespace {

std::string suffix(Index layer, Index d) { return "_l" + std::to_string(layer) + (d == 1 ? "_reverse" : ""); }

}  // namespace

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
      add("lstm.weight_ih" + suffix(l, d), {4 * H, l == 0 ? shape_.features : 2 * H});
      add("lstm.weight_hh" + suffix(l, d), {4 * H, H});
      add("lstm.bias_ih" + suffix(l, d), {4 * H});
      add("lstm.bias_hh" + suffix(l, d), {4 * H});
    }
  add("fc.weight", {shape_.outputs, 2 * H});
  add("fc.bias", {shape_.outputs});
  const auto total = static_cast<std::size_t>(parameters_.back().offset + parameters_.back().size);
  params_.resize(total);
  grads_.resize(total);
}

void Model::zero_grads() {
  if (!CUTRACT_PLANTED("stale_gradients")) std::fill(grads_.begin(), grads_.end(), 0.0f);
}

void Model::initialise(std::uint64_t seed) {
  for (const auto& p : parameters_) {
    const double fan = static_cast<double>(p.name.starts_with("fc.") ? 2 * shape_.hidden : shape_.hidden);
    const float bound = static_cast<float>(1 / std::sqrt(fan));
    PhiloxStream stream(derive_key(seed, name_hash(p.name), 0));
    for (Index i = 0; i < p.size; ++i)
      params_[static_cast<std::size_t>(p.offset + i)] = (2 * uniform(stream.next()) - 1) * bound;
  }
}

const Parameter& Model::parameter(const std::string& name) const {
  const auto it = std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& p) { return p.name == name; });
  if (it == parameters_.end()) fail(Fault::internal, "model: no parameter " + name);
  return *it;
}
View<float, 2> Model::matrix(std::vector<float>& arena, const std::string& name) const {
  const Parameter& p = parameter(name);
  return {arena.data() + p.offset, {p.shape[0], p.shape[1]}};
}
View<float, 1> Model::vector(std::vector<float>& arena, const std::string& name) const {
  const Parameter& p = parameter(name);
  return {arena.data() + p.offset, {p.shape[0]}};
}

// Lays every buffer of a step with N frames into the step arena.
void Model::plan(Index N) {
  const Index H = shape_.hidden, L = shape_.layers, P = shape_.outputs;
  const auto need = static_cast<std::size_t>(N * (L * (8 * H + 2 * H + 2 * H + 2 * H) + P + 2 * 2 * H));
  if (step_.size() < need) step_.resize(need);
  float* at = step_.data();
  const auto take2 = [&](Index rows, Index cols) {
    const View<float, 2> v(at, {rows, cols});
    at += rows * cols;
    return v;
  };
  const auto take3 = [&](Index width) {
    const auto v = take2(N, 2 * width);
    return View<float, 3>(v.data, {N, 2, width});
  };
  layers_.assign(static_cast<std::size_t>(L), {});
  dropped_.assign(static_cast<std::size_t>(L), {});
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].gates = take3(4 * H), layers_[l].c = take3(H), layers_[l].h = take3(H);
    dropped_[l] = take2(N, 2 * H);  // this layer's output after dropout
  }
  y_ = take2(N, P);
  dh_ = take2(N, 2 * H);
  dh_below_ = take2(N, 2 * H);
}

View<const float, 2> Model::forward(Exec& ex, View<const float, 2> x, const Ragged& ragged, const Dropout* mode) {
  const Index N = x.shape[0], H = shape_.hidden;
  plan(N);
  ragged_ = ragged;
  dropping_ = mode != nullptr && dropout_ > 0;
  if (mode) mode_ = *mode;

  View<const float, 2> in = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.in = in;
    LstmArgs args{in, {}, ragged, layer.gates, layer.c, layer.h};
    for (std::size_t d = 0; d < 2; ++d) {
      const std::string s = suffix(static_cast<Index>(l), static_cast<Index>(d));
      args.w[d] = {matrix(params_, "lstm.weight_ih" + s), matrix(params_, "lstm.weight_hh" + s),
                   vector(params_, "lstm.bias_ih" + s), vector(params_, "lstm.bias_hh" + s)};
    }
    lstm(ex, args);
    in = View<const float, 2>(layer.h.data, {N, 2 * H});
    if (dropping_) {
      dropout(ex, {in, ragged, mode_.uid, derive_key(mode_.seed, mode_.step, l), dropout_, dropped_[l]});
      in = dropped_[l];
    }
  }
  head_in_ = in;
  linear(ex, {head_in_, matrix(params_, "fc.weight"), vector(params_, "fc.bias"), y_});
  return y_;
}

void Model::backward(Exec& ex, View<const float, 2> dy, View<float, 2> dx) {
  const Index N = dy.shape[0], H = shape_.hidden;
  linear_backward(
      ex, {head_in_, matrix(params_, "fc.weight"), dy, dh_, matrix(grads_, "fc.weight"), vector(grads_, "fc.bias")});
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    if (dropping_) dropout(ex, {dh_, ragged_, mode_.uid, derive_key(mode_.seed, mode_.step, l), dropout_, dh_});
    LstmBackwardArgs args{layer.in,
                          {},
                          ragged_,
                          layer.gates,
                          layer.c,
                          layer.h,
                          View<const float, 3>(dh_.data, {N, 2, H}),
                          l == 0 ? dx : dh_below_,
                          {}};
    for (std::size_t d = 0; d < 2; ++d) {
      const std::string s = suffix(static_cast<Index>(l), static_cast<Index>(d));
      args.w[d] = {matrix(params_, "lstm.weight_ih" + s), matrix(params_, "lstm.weight_hh" + s),
                   vector(params_, "lstm.bias_ih" + s), vector(params_, "lstm.bias_hh" + s)};
      args.dw[d] = {matrix(grads_, "lstm.weight_ih" + s), matrix(grads_, "lstm.weight_hh" + s),
                    vector(grads_, "lstm.bias_ih" + s), vector(grads_, "lstm.bias_hh" + s)};
    }
    lstm_backward(ex, args);
    std::swap(dh_, dh_below_);
  }
}

View<const float, 2> Model::top() const {
  const auto& h = layers_.back().h;
  return {h.data, {h.shape[0], 2 * shape_.hidden}};
}

void Model::save(TensorFile& file) const {
  for (const auto& p : parameters_)
    file.tensors[p.name] = Tensor::f32(p.shape, std::span(params_.data() + p.offset, static_cast<std::size_t>(p.size)));
}

void Model::load(const TensorFile& file, const std::string& origin) {
  for (const auto& p : parameters_) {
    const Tensor& t = file.at(p.name, origin);
    if (t.shape != p.shape)
      fail(Fault::data,
           origin + ": tensor " + p.name + " has another shape than its config says; the file was altered");
    const std::vector<float> values = t.as_f32();
    std::copy(values.begin(), values.end(), params_.begin() + p.offset);
  }
}

}  // namespace cutract
