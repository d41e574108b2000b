#include "nn/bi_lstm.h"

#include <fmt/format.h>

#include <utility>

#include "host/core/plant.h"
#include "kernels/dropout.h"

namespace cutract {
namespace {

Out flat(View<float, 3> v) { return {v.data, {v.shape[0], v.shape[1] * v.shape[2]}}; }

}  // namespace

void fields(FieldTable& v, BiLstmConfig& c) {
  v("hidden", c.hidden, in(1, 4096), "LSTM units per direction");
  v("layers", c.layers, in(1, 8), "number of Bi-LSTM layers");
  v("dropout", c.dropout, in(0.0, 0.9), "dropout probability after each layer");
}

LstmRequest BiLstmConfig::request(const Compute& c) const {
  return {.engine = c.engine, .precision = c.precision, .H = hidden, .rows = c.rows, .ragged = c.ragged};
}

std::string describe(const BiLstmConfig& c) { return fmt::format("{} x {} Bi-LSTM", c.layers, c.hidden); }

BiLstm::Layer::Layer(Layout& layout, const std::string& scope, Index number, Index wide, Index hidden) : inputs(wide) {
  const Init init = uniform_of(hidden);  // as nn.LSTM has it: of the hidden units, for all tensors
  for (const bool reverse : {false, true}) {
    const std::string suffix = fmt::format("_l{}{}", number, reverse ? "_reverse" : "");
    Direction& d = direction[reverse ? 1 : 0];
    d.w_ih = layout.add<2>(scope + ".weight_ih" + suffix, {4 * hidden, inputs}, init);
    d.w_hh = layout.add<2>(scope + ".weight_hh" + suffix, {4 * hidden, hidden}, init);
    d.b_ih = layout.add<1>(scope + ".bias_ih" + suffix, {4 * hidden}, init);
    d.b_hh = layout.add<1>(scope + ".bias_hh" + suffix, {4 * hidden}, init);
  }
  site = layout.dropout_site();
}

std::array<LstmWeights, 2> BiLstm::Layer::weights(const Pass& p) const {
  const auto of = [&](const Direction& d) {
    return LstmWeights{d.w_ih.in(p.params), d.w_hh.in(p.params), d.b_ih.in(p.params), d.b_hh.in(p.params)};
  };
  return {of(direction[0]), of(direction[1])};
}

std::array<LstmGradients, 2> BiLstm::Layer::gradients(const Pass& p) const {
  const auto of = [&](const Direction& d) {
    return LstmGradients{d.w_ih.in(p.grads), d.w_hh.in(p.grads), d.b_ih.in(p.grads), d.b_hh.in(p.grads)};
  };
  return {of(direction[0]), of(direction[1])};
}

BiLstm::BiLstm(Layout& layout, Index inputs, const Config& c)
    : scope_(layout.scope("lstm")), config_(c), hidden_(c.hidden), dropout_(static_cast<float>(c.dropout)) {
  for (Index l = 0; l < c.layers; ++l) layers_.emplace_back(layout, scope_, l, l == 0 ? inputs : width(), hidden_);
}

void BiLstm::prepare(Exec& ex, const Compute& c) {
  precision_ = c.precision;
  engine_ = choose_engine(ex, config_.request(c)).engine;
}

// What a library keeps for backward.
Index BiLstm::reserve_bytes(const Plan& p, const Layer& layer) const {
  if (!p.ragged || p.mode == Mode::inference) return 0;
  LstmArgs a;
  a.x.shape = {p.rows, layer.inputs};
  a.h.shape = {p.rows, 2, hidden_};
  a.ragged = *p.ragged;
  a.precision = precision_;
  a.engine = engine_;
  return lstm_reserve_bytes(p.ex, a);
}

// In inference the gates and cell states of one layer take the place of those of the layer before, and two arrays in
// turn hold the layers' outputs.
void BiLstm::plan(const Plan& p) {
  const bool keeps = p.mode == Mode::training;
  std::array<View<float, 3>, 2> h;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.reserve = p.kept.take<std::byte, 1>({reserve_bytes(p, layer)});
    if (l == 0 || (keeps && !CUTRACT_PLANTED("gates_of_the_layer_below"))) {
      Arena& from = keeps ? p.kept : p.shared;
      layer.gates = from.take<float, 3>({p.rows, 2, 4 * hidden_});
      layer.c = from.take<float, 3>({p.rows, 2, hidden_});
    } else {
      layer.gates = layers_[0].gates;
      layer.c = layers_[0].c;
    }
    if (keeps || l < 2) h[l % 2] = p.kept.take<float, 3>({p.rows, 2, hidden_});
    layer.h = h[l % 2];
    layer.dropped = keeps && dropout_ > 0 ? p.kept.take<float, 2>({p.rows, width()}) : Out{};
  }
  spare_ = keeps && layers_.size() > 1 ? p.shared.take<float, 2>({p.rows, width()}) : Out{};
}

In BiLstm::forward(Exec& ex, In x, const Pass& p) {
  for (Layer& layer : layers_) {
    p.layer_begins();
    layer.in = x;
    lstm(ex, {x, layer.weights(p), p.ragged, layer.gates, layer.c, layer.h, precision_, engine_, layer.reserve});
    x = flat(layer.h);
    if (!dropping(p)) continue;
    dropout(ex, {x, p.ragged, p.masks->uid, p.masks->seed, layer.site, p.masks->step, dropout_, layer.dropped});
    x = layer.dropped;
  }
  return x;
}

void BiLstm::backward(Exec& ex, Out dy, Out dx, const Pass& p) {
  Out above = dy, below = spare_;
  for (std::size_t l = layers_.size(); l-- > 0;) {
    p.layer_begins();
    const Layer& layer = layers_[l];
    if (dropping(p))
      dropout(ex, {above, p.ragged, p.masks->uid, p.masks->seed, layer.site, p.masks->step, dropout_, above});
    lstm_backward(ex, {layer.in, layer.weights(p), p.ragged, layer.gates, layer.c, layer.h,
                       View<const float, 3>(above.data, layer.h.shape), l == 0 ? dx : below, layer.gradients(p),
                       precision_, engine_, layer.reserve});
    std::swap(above, below);
  }
}

void BiLstm::list(Activations& all) const {
  const auto name = [&](std::size_t l, const char* what) { return fmt::format("{} layer {}, {}", scope_, l, what); };
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    if (engine_ != LstmEngine::cudnn) all.forward.emplace_back(name(l, "cell state"), flat(layers_[l].c));
    all.forward.emplace_back(name(l, "output"), flat(layers_[l].h));
    if (layers_[l].dropped.data) all.forward.emplace_back(name(l, "output after dropout"), layers_[l].dropped);
  }
  for (std::size_t l = layers_.size(); l-- > 0 && engine_ != LstmEngine::cudnn;)
    all.backward.emplace_back(name(l, "gradient of the gates"), flat(layers_[l].gates));
}

}  // namespace cutract
