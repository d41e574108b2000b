#include "nn/network.h"

#include <algorithm>
#include <utility>

#include "host/core/error.h"
#include "host/core/plant.h"

namespace cutract {
namespace {

// The head stays in fp32 whatever the precision: its cost is small, and its rounding would be that of the prediction.
constexpr Precision kHead = Precision::fp32;

Index width_of(const AnyBlock& block) {
  return std::visit([](const auto& b) { return b.width(); }, block);
}

// The first columns of a gradient's memory, seen as [rows, cols].
Out narrowed(Out v, Index rows, Index cols) { return {v.data, {rows, cols}}; }

}  // namespace

Network::Network(Exec& ex, const Model& model, const Compute& compute, Mode mode)
    : spec_(model.spec()),
      mode_(mode),
      stack_(layout_, spec_),
      params_(ex, model.values(), "the model's parameters"),
      grads_(ex, mode == Mode::training ? model.size() : 0, Place::device, "the model's gradients"),
      step_(ex, 0) {
  for (AnyBlock& block : stack_.blocks) std::visit([&](auto& b) { b.prepare(ex, compute); }, block);
  grads_.clear(ex);
}

void Network::zero_grads(Exec& ex) {
  if (!CUTRACT_PLANTED("stale_gradients")) grads_.clear(ex);
}

void Network::write_back(Exec& ex, Model& model) const {
  if (model.size() != size()) fail(Fault::internal, "network: written back to a model of a different layout");
  model.values() = params_.values(ex);
}

bool Network::reads_lengths_on_host() const {
  return std::any_of(stack_.blocks.begin(), stack_.blocks.end(), [](const AnyBlock& block) {
    return std::visit([](const auto& b) { return b.reads_lengths_on_host(); }, block);
  });
}

void Network::reserve(Exec& ex, Index rows) { plan(ex, rows, nullptr); }

// Runs first to count and then, with memory, to lay out.
void Network::lay_out(const Plan& p) {
  Index widest = 0;
  for (AnyBlock& block : stack_.blocks) {
    p.shared.rewind();
    std::visit([&](auto& b) { b.plan(p); }, block);
    widest = std::max(widest, width_of(block));
  }
  y_ = p.kept.take<float, 2>({p.rows, spec_.outputs});
  above_ = below_ = {};
  if (mode_ == Mode::inference) return;
  above_ = p.kept.take<float, 2>({p.rows, widest});
  if (stack_.blocks.size() > 1) below_ = p.kept.take<float, 2>({p.rows, widest});
}

void Network::plan(Exec& ex, Index rows, const Ragged* ragged) {
  Arena kept, shared;
  lay_out({ex, kept, shared, rows, ragged, mode_});
  const Index need = kept.most() + shared.most();
  if (step_.size() < need) {
    step_ = Buffer<std::byte>(ex, 0);  // frees the old buffer before the new one is allocated
    step_ = Buffer<std::byte>(ex, need, Place::device, "the activations of a step");
  }
  Arena kept_here(step_.data()), shared_here(step_.data() + kept.most());
  lay_out({ex, kept_here, shared_here, rows, ragged, mode_});
}

In Network::forward(Exec& ex, In x, const Ragged& ragged, const Masks* masks) {
  if (masks && mode_ == Mode::inference) fail(Fault::internal, "network: a network for inference drops nothing");
  plan(ex, x.shape[0], &ragged);
  if (masks) masks_ = *masks;
  pass_ = {params_.view(), grads_.view(), ragged, masks ? &masks_ : nullptr, &before_layer_};
  for (AnyBlock& block : stack_.blocks) x = std::visit([&](auto& b) { return b.forward(ex, x, pass_); }, block);
  head_in_ = x;
  stack_.head.forward(ex, head_in_, y_, pass_, kHead);
  return y_;
}

void Network::backward(Exec& ex, In dy, Out dx) {
  if (mode_ == Mode::inference) fail(Fault::internal, "network: a network for inference has no backward");
  const Index N = dy.shape[0];
  Out above = narrowed(above_, N, head_in_.shape[1]), below = below_;
  stack_.head.backward(ex, head_in_, dy, above, pass_, kHead);
  for (std::size_t i = stack_.blocks.size(); i-- > 0;) {
    const Out into = i == 0 ? dx : narrowed(below, N, width_of(stack_.blocks[i - 1]));
    std::visit([&](auto& b) { b.backward(ex, above, into, pass_); }, stack_.blocks[i]);
    below = std::exchange(above, into);
  }
}

std::vector<NamedArray> Network::activations() const {
  Activations all;
  for (const AnyBlock& block : stack_.blocks) {
    Activations own;
    std::visit([&](const auto& b) { b.list(own); }, block);
    all.forward.insert(all.forward.end(), own.forward.begin(), own.forward.end());
    all.backward.insert(all.backward.begin(), own.backward.begin(), own.backward.end());
  }
  all.forward.emplace_back("prediction", y_);
  all.forward.insert(all.forward.end(), all.backward.begin(), all.backward.end());
  return all.forward;
}

}  // namespace cutract
