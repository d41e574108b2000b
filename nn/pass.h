#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/fields.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/lstm/lstm_engines.h"
#include "kernels/precision.h"
#include "nn/arena.h"
#include "nn/layout.h"

namespace cutract {

using In = View<const float, 2>;  // [N, width] of the rows of a batch
using Out = View<float, 2>;

// inference: no backward follows, so nothing is kept for it.
enum class Mode { training, inference };

// How the matrix products and recurrences of a network are computed on a GPU.
struct Compute {
  Precision precision = Precision::fp32;
  LstmEngine engine = LstmEngine::automatic;
  Index rows = 1;      // the most utterances of a batch
  bool ragged = true;  // whether their lengths may differ
};

// Memory for one batch. Arrays from `kept` stay until backward is done or, in inference, until the next forward; arrays
// from `shared` stay until the next block begins.
struct Plan {
  Exec& ex;
  Arena& kept;
  Arena& shared;
  Index rows;            // of the arrays
  const Ragged* ragged;  // null if only the number of rows is known
  Mode mode;
};

// What determines the dropout masks. Evaluation passes none, and nothing is dropped.
struct Masks {
  std::uint64_t seed = 0;
  View<const Index, 1> step;         // [1] number of steps so far, in the executor's memory
  View<const std::uint32_t, 1> uid;  // [B] indices of the utterances
};

// The arguments that a forward and its backward share.
struct Pass {
  View<const float, 1> params;  // in the layout of the model
  View<float, 1> grads;         // likewise; backward adds to it
  Ragged ragged;
  const Masks* masks = nullptr;
  const std::function<void()>* before_layer = nullptr;  // see Network::call_before_layers

  void layer_begins() const {
    if (before_layer && *before_layer) (*before_layer)();
  }
};

// Arrays of the last forward and backward, by name and in the order of computation.
using NamedArray = std::pair<std::string, In>;
struct Activations {
  std::vector<NamedArray> forward, backward;
};

// The settings of a block: an entry of model.stack.
template <class C>
concept BlockSettings = std::default_initializable<C> && requires(FieldTable& table, C& c) {
  fields(table, c);                              // its options, with ranges and help
  { describe(c) } -> std::same_as<std::string>;  // in a few words, for logs and reports: "300 dense (relu)"
};

// A block of a model's stack: a value that holds slots of parameters and views of the memory planned for it. Weights
// and memory belong to the network.
template <class B>
concept Block = BlockSettings<typename B::Config> &&
    std::constructible_from<B, Layout&, Index, const typename B::Config&> &&
    requires(B b, const B c, Exec& ex, const Compute& compute, const Plan& plan, const Pass& pass, In x, Out d,
             Activations& all) {
  { B::kName } -> std::convertible_to<std::string>;  // the first word of its entry in model.stack
  { B::kHelp } -> std::convertible_to<std::string>;  // what it computes, in one line
  { c.width() } -> std::same_as<Index>;              // columns of its output
  b.prepare(ex, compute);                            // chooses engines; throws Error{config}
  { c.reads_lengths_on_host() } -> std::same_as<bool>;
  b.plan(plan);                                    // takes memory
  { b.forward(ex, x, pass) } -> std::same_as<In>;  // x stays unchanged until backward is done
  b.backward(ex, d, d, pass);  // dy (which it may overwrite), dx (skipped if its data is null): adds to the gradients
  c.list(all);
};

}  // namespace cutract
