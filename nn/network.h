#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/memory.h"
#include "host/device/ragged.h"
#include "nn/model.h"
#include "nn/pass.h"
#include "nn/stack.h"

namespace cutract {

// A model in an executor's memory: parameters and gradients in two arenas of the same layout, and the activations of a
// step in a third. Every call takes the executor that the network was made with.
class Network {
 public:
  // Copies the model's values. In Mode::inference it has no gradients and keeps nothing for backward. Throws
  // Error{config} if an engine that is asked for does not support the model.
  Network(Exec&, const Model&, const Compute& = {}, Mode = Mode::training);

  const ModelSpec& spec() const { return spec_; }
  std::span<const Parameter> parameters() const { return layout_.all(); }
  Index size() const { return params_.size(); }       // number of parameters
  View<float, 1> params() { return params_.view(); }  // [size()], in the executor's memory
  View<float, 1> grads() { return grads_.view(); }
  void zero_grads(Exec&);
  void write_back(Exec&, Model&) const;  // copies the current parameters into a model of the same layout

  // Reserves memory for batches of up to `rows` rows. A larger batch reallocates, which invalidates captured graphs.
  void reserve(Exec&, Index rows);
  const void* memory() const { return step_.data(); }  // changes when memory is reallocated
  Index bytes() const { return step_.size(); }         // of the memory for activations

  // Whether forward reads Ragged::host_length. Its launches then depend on the batch, so they cannot be captured.
  bool reads_lengths_on_host() const;

  // Computes y [N,P] from x [N,F]. y is in a buffer of this network and valid until the next forward; x must stay
  // unchanged until backward is done. Without masks, nothing is dropped.
  In forward(Exec&, In x, const Ragged&, const Masks* = nullptr);
  // Called after forward with the same batch: adds the gradients for dy [N,P] to grads(), and writes dx [N,F] unless
  // its data is null.
  void backward(Exec&, In dy, Out dx = {});

  // Has `hook` called before each layer of forward and backward. It may throw, which gives up the batch.
  void call_before_layers(std::function<void()> hook) { before_layer_ = std::move(hook); }

  // The arrays computed by the last forward and backward, by name and in the order of computation.
  std::vector<NamedArray> activations() const;

 private:
  void plan(Exec&, Index rows, const Ragged*);
  void lay_out(const Plan&);

  ModelSpec spec_;
  Mode mode_;
  Layout layout_;
  Stack stack_;
  Buffer<float> params_, grads_;

  Buffer<std::byte> step_;  // grows to the largest batch reserved or seen, never shrinks
  Out y_, above_, below_;   // gradients of a block's output and input, in turn
  In head_in_;
  Masks masks_;
  Pass pass_;  // of the last forward
  std::function<void()> before_layer_;
};

}  // namespace cutract
