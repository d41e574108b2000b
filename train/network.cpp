#include "train/network.h"

#include <algorithm>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "kernels/dropout.h"
#include "kernels/linear.h"
#include "kernels/lstm.h"

namespace cutract {
Network::Network(Exec& ex, const Model& model, Precision precision, LstmEngine engine)
    : shape_(model.shape()),
      dropout_(model.dropout()),
      precision_(precision),
      engine_(engine),
      parameters_(model.parameters()),
      params_(ex, model.values()),
      grads_(ex, model.size()),
      step_(ex, 0) {
  grads_.clear(ex);
}

void Network::zero_grads(Exec& ex) {
  if (!CUTRACT_PLANTED("stale_gradients")) grads_.clear(ex);
}

void Network::write_back(Exec& ex, Model& model) const {
  if (model.size() != size()) fail(Fault::internal, "network: written back to a model of another shape");
  model.values() = params_.values(ex);
}

const Parameter& Network::parameter(const std::string& name) const {
  const auto it = std::find_if(parameters_.begin(), parameters_.end(), [&](const auto& p) { return p.name == name; });
  if (it == parameters_.end()) fail(Fault::internal, "network: no parameter " + name);
  return *it;
}
View<float, 2> Network::matrix(const Buffer<float>& arena, const std::string& name) const {
  const Parameter& p = parameter(name);
  return {arena.data() + p.offset, {p.shape[0], p.shape[1]}};
}
View<float, 1> Network::vector(const Buffer<float>& arena, const std::string& name) const {
  const Parameter& p = parameter(name);
  return {arena.data() + p.offset, {p.shape[0]}};
}

void Network::reserve(Exec& ex, Index rows) {
  const Index H = shape_.hidden, L = shape_.layers, P = shape_.outputs;
  const Index need = rows * (L * (8 * H + 2 * H + 2 * H + 2 * H) + P + 2 * 2 * H);
  if (step_.size() >= need) return;
  step_ = Buffer<float>(ex, 0);  // so that the old and the new one are never there at once
  step_ = Buffer<float>(ex, need);
}

// Lays every buffer of a step with N frames into the step arena.
void Network::plan(Exec& ex, Index N) {
  const Index H = shape_.hidden, L = shape_.layers, P = shape_.outputs;
  reserve(ex, N);
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
  dh_ = take2(N, 2 * H);
  dh_below_ = take2(N, 2 * H);
  y_ = take2(N, P);  // last: its rows would put the others off the boundary of a cache line
}

View<const float, 2> Network::forward(Exec& ex, View<const float, 2> x, const Ragged& ragged, const Dropout* mode) {
  const Index N = x.shape[0], H = shape_.hidden;
  plan(ex, N);
  ragged_ = ragged;
  dropping_ = mode != nullptr && dropout_ > 0;
  if (mode) mode_ = *mode;

  View<const float, 2> in = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.in = in;
    LstmArgs args{in, {}, ragged, layer.gates, layer.c, layer.h, precision_, engine_};
    for (std::size_t d = 0; d < 2; ++d) {
      const std::string s = layer_suffix(static_cast<Index>(l), static_cast<Index>(d));
      args.w[d] = {matrix(params_, "lstm.weight_ih" + s), matrix(params_, "lstm.weight_hh" + s),
                   vector(params_, "lstm.bias_ih" + s), vector(params_, "lstm.bias_hh" + s)};
    }
    lstm(ex, args);
    in = View<const float, 2>(layer.h.data, {N, 2 * H});
    if (dropping_) {
      dropout(ex, {in, ragged, mode_.uid, mode_.seed, l, mode_.step, dropout_, dropped_[l]});
      in = dropped_[l];
    }
  }
  head_in_ = in;
  linear(ex, {head_in_, matrix(params_, "fc.weight"), vector(params_, "fc.bias"), y_});
  return y_;
}

void Network::backward(Exec& ex, View<const float, 2> dy, View<float, 2> dx) {
  const Index N = dy.shape[0], H = shape_.hidden;
  linear_backward(
      ex, {head_in_, matrix(params_, "fc.weight"), dy, dh_, matrix(grads_, "fc.weight"), vector(grads_, "fc.bias")});
  for (std::size_t l = layers_.size(); l-- > 0;) {
    const Layer& layer = layers_[l];
    if (dropping_) dropout(ex, {dh_, ragged_, mode_.uid, mode_.seed, l, mode_.step, dropout_, dh_});
    LstmBackwardArgs args{layer.in,
                          {},
                          ragged_,
                          layer.gates,
                          layer.c,
                          layer.h,
                          View<const float, 3>(dh_.data, {N, 2, H}),
                          l == 0 ? dx : dh_below_,
                          {},
                          precision_,
                          engine_};
    for (std::size_t d = 0; d < 2; ++d) {
      const std::string s = layer_suffix(static_cast<Index>(l), static_cast<Index>(d));
      args.w[d] = {matrix(params_, "lstm.weight_ih" + s), matrix(params_, "lstm.weight_hh" + s),
                   vector(params_, "lstm.bias_ih" + s), vector(params_, "lstm.bias_hh" + s)};
      args.dw[d] = {matrix(grads_, "lstm.weight_ih" + s), matrix(grads_, "lstm.weight_hh" + s),
                    vector(grads_, "lstm.bias_ih" + s), vector(grads_, "lstm.bias_hh" + s)};
    }
    lstm_backward(ex, args);
    std::swap(dh_, dh_below_);
  }
}

std::vector<std::pair<std::string, View<const float, 2>>> Network::activations() const {
  std::vector<std::pair<std::string, View<const float, 2>>> all;
  const auto flat = [](View<float, 3> v) {
    return View<const float, 2>(v.data, {v.shape[0], v.shape[1] * v.shape[2]});
  };
  const auto name = [](std::size_t l, const char* what) { return "layer " + std::to_string(l) + ", " + what; };
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    all.emplace_back(name(l, "cell state"), flat(layers_[l].c));
    all.emplace_back(name(l, "output"), flat(layers_[l].h));
    if (dropping_) all.emplace_back(name(l, "output after dropout"), dropped_[l]);
  }
  all.emplace_back("prediction", y_);
  for (std::size_t l = layers_.size(); l-- > 0;)
    all.emplace_back(name(l, "gradient of the gates"), flat(layers_[l].gates));
  return all;
}

View<const float, 2> Network::top() const {
  const auto& h = layers_.back().h;
  return {h.data, {h.shape[0], 2 * shape_.hidden}};
}

}  // namespace cutract
