#include "nn/network.h"

#include <algorithm>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "kernels/dropout.h"
#include "kernels/linear.h"
#include "kernels/lstm/lstm.h"

namespace cutract {
Network::Network(Exec& ex, const Model& model, Precision precision, LstmEngine engine)
    : shape_(model.shape()),
      dropout_(model.dropout()),
      precision_(precision),
      engine_(
          choose_engine(ex, {.engine = engine, .precision = precision, .H = model.shape().hidden, .rows = 1}).engine),
      parameters_(model.parameters()),
      params_(ex, model.values(), "the model's parameters"),
      grads_(ex, model.size(), Place::device, "the model's gradients"),
      step_(ex, 0) {
  grads_.clear(ex);
}

void Network::zero_grads(Exec& ex) {
  if (!CUTRACT_PLANTED("stale_gradients")) grads_.clear(ex);
}

void Network::write_back(Exec& ex, Model& model) const {
  if (model.size() != size()) fail(Fault::internal, "network: written back to a model of a different shape");
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

void Network::reserve(Exec& ex, Index rows) { take(ex, floats_for(rows)); }

Index Network::floats_for(Index rows) const {
  const Index H = shape_.hidden, L = shape_.layers, P = shape_.outputs;
  return rows * (L * (8 * H + 2 * H + 2 * H + 2 * H) + P + 2 * 2 * H);
}

void Network::take(Exec& ex, Index floats) {
  if (step_.size() >= floats) return;
  step_ = Buffer<float>(ex, 0);  // frees the old buffer before the new one is allocated
  step_ = Buffer<float>(ex, floats, Place::device, "the activations of a step");
}

Index Network::reserve_bytes(Exec& ex, std::size_t layer, const Ragged& ragged) const {
  const Index N = ragged.frames, H = shape_.hidden;
  LstmArgs a;
  a.x.shape = {N, layer == 0 ? shape_.features : 2 * H}, a.h.shape = {N, 2, H};
  a.ragged = ragged, a.precision = precision_, a.engine = engine_;
  return lstm_reserve_bytes(ex, a);
}

// Places every buffer of a step with this batch in the step arena.
void Network::plan(Exec& ex, const Ragged& ragged) {
  const Index N = ragged.frames, H = shape_.hidden, L = shape_.layers, P = shape_.outputs;
  layers_.assign(static_cast<std::size_t>(L), {});
  dropped_.assign(static_cast<std::size_t>(L), {});
  constexpr Index kFloat = sizeof(float);
  Index need = floats_for(N);
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].reserve.shape = {reserve_bytes(ex, l, ragged)};
    need += layers_[l].reserve.size() / kFloat;
  }
  take(ex, need);
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
  for (Layer& layer : layers_) {  // first, and in multiples of 256 bytes: libraries require alignment
    layer.reserve.data = reinterpret_cast<std::byte*>(at);
    at += layer.reserve.size() / kFloat;
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].gates = take3(4 * H), layers_[l].c = take3(H), layers_[l].h = take3(H);
    dropped_[l] = take2(N, 2 * H);  // this layer's output after dropout
  }
  dh_ = take2(N, 2 * H);
  dh_below_ = take2(N, 2 * H);
  y_ = take2(N, P);  // last, because its width would misalign the arrays after it
}

View<const float, 2> Network::forward(Exec& ex, View<const float, 2> x, const Ragged& ragged, const Dropout* mode) {
  const Index N = x.shape[0], H = shape_.hidden;
  plan(ex, ragged);
  ragged_ = ragged;
  dropping_ = mode != nullptr && dropout_ > 0;
  if (mode) mode_ = *mode;

  View<const float, 2> in = x;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (before_layer_) before_layer_();
    Layer& layer = layers_[l];
    layer.in = in;
    LstmArgs args{in, {}, ragged, layer.gates, layer.c, layer.h, precision_, engine_, layer.reserve};
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
    if (before_layer_) before_layer_();
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
                          engine_,
                          layer.reserve};
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
    if (engine_ != LstmEngine::cudnn) all.emplace_back(name(l, "cell state"), flat(layers_[l].c));
    all.emplace_back(name(l, "output"), flat(layers_[l].h));
    if (dropping_) all.emplace_back(name(l, "output after dropout"), dropped_[l]);
  }
  all.emplace_back("prediction", y_);
  for (std::size_t l = layers_.size(); l-- > 0 && engine_ != LstmEngine::cudnn;)
    all.emplace_back(name(l, "gradient of the gates"), flat(layers_[l].gates));
  return all;
}

View<const float, 2> Network::top() const {
  const auto& h = layers_.back().h;
  return {h.data, {h.shape[0], 2 * shape_.hidden}};
}

}  // namespace cutract
