#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/memory.h"
#include "host/device/ragged.h"
#include "kernels/lstm/lstm_engines.h"
#include "kernels/precision.h"
#include "nn/model.h"

namespace cutract {

// A model in an executor's memory: parameters and gradients in two arenas of the same layout, and the activations of a
// step in a third. Every call takes the executor that the network was made with.
class Network {
 public:
  // Copies the model's values. Throws Error{config} if the engine does not support this size and precision.
  Network(Exec&, const Model&, Precision = Precision::fp32, LstmEngine = LstmEngine::automatic);

  const ModelShape& shape() const { return shape_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  Index size() const { return params_.size(); }       // number of parameters
  View<float, 1> params() { return params_.view(); }  // [size()], in the executor's memory
  View<float, 1> grads() { return grads_.view(); }
  void zero_grads(Exec&);
  void write_back(Exec&, Model&) const;  // copies the current parameters into a model of the same shape

  // Reserves memory for batches of up to `rows` rows. A larger batch reallocates, which invalidates captured graphs.
  void reserve(Exec&, Index rows);
  const void* memory() const { return step_.data(); }  // changes when memory is reallocated

  // Whether forward reads Ragged::host_length. Its launches then depend on the batch, so they cannot be captured.
  bool reads_lengths_on_host() const { return engine_ == LstmEngine::cudnn; }

  // Determines the dropout masks. Evaluation passes none, and nothing is dropped.
  struct Dropout {
    std::uint64_t seed = 0;
    View<const Index, 1> step;         // [1] number of steps so far, in the executor's memory
    View<const std::uint32_t, 1> uid;  // [B] indices of the utterances
  };
  // Computes y [N,P] from x [N,F]. y is in a buffer of this network and valid until the next forward; x must stay
  // unchanged until backward is done.
  View<const float, 2> forward(Exec&, View<const float, 2> x, const Ragged&, const Dropout* = nullptr);
  // Called after forward with the same batch: adds the gradients for dy [N,P] to grads(), and writes dx [N,F] unless
  // its data is null.
  void backward(Exec&, View<const float, 2> dy, View<float, 2> dx = {});

  // Has `hook` called before each layer of forward and backward. It may throw, which gives up the batch.
  void call_before_layers(std::function<void()> hook) { before_layer_ = std::move(hook); }

  // The arrays computed by the last forward and backward, by name and in the order of computation. Engine cudnn does
  // not expose cell states and gradients of the gates.
  std::vector<std::pair<std::string, View<const float, 2>>> activations() const;
  // The top layer's output [N,2H] in the last forward, before dropout.
  View<const float, 2> top() const;

 private:
  struct Layer {
    View<const float, 2> in;  // [N, F or 2H] after dropout
    View<float, 3> gates, c, h;
    View<std::byte, 1> reserve;
  };
  const Parameter& parameter(const std::string& name) const;
  View<float, 2> matrix(const Buffer<float>& arena, const std::string& name) const;
  View<float, 1> vector(const Buffer<float>& arena, const std::string& name) const;
  Index reserve_bytes(Exec&, std::size_t layer, const Ragged&) const;
  Index floats_for(Index rows) const;
  void take(Exec&, Index floats);
  void plan(Exec&, const Ragged&);

  ModelShape shape_;
  float dropout_;
  Precision precision_;
  LstmEngine engine_;
  std::vector<Parameter> parameters_;
  Buffer<float> params_, grads_;

  // The step arena: grows to the largest batch reserved or seen, never shrinks.
  Buffer<float> step_;
  std::vector<Layer> layers_;
  View<float, 2> y_, dh_, dh_below_;
  std::vector<View<float, 2>> dropped_;  // input of layer l >= 1
  View<const float, 2> head_in_;
  Ragged ragged_;
  Dropout mode_;
  bool dropping_ = false;
  std::function<void()> before_layer_;
};

}  // namespace cutract
