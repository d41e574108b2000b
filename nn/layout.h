#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/core/view.h"

namespace cutract {

// Initial values of a tensor: uniform within bound of centre.
struct Init {
  double bound = 0, centre = 0;
};
// The default of torch.nn's layers: uniform within 1 / sqrt(inputs).
inline Init uniform_of(Index inputs) { return {1 / std::sqrt(static_cast<double>(inputs))}; }

// One named tensor of a model, e.g. lstm.weight_hh_l1_reverse: PyTorch's names and shapes.
struct Parameter {
  std::string name;
  std::vector<Index> shape;
  Index offset = 0, size = 0;  // in the arenas
  Init init;
};

// The place of a tensor in every arena that has the layout: parameters, gradients, moments.
template <int Rank>
struct Slot {
  Index offset = 0;
  std::array<Index, Rank> shape{};

  template <class T>
  View<T, Rank> in(View<T, 1> arena) const {
    return {arena.data ? arena.data + offset : nullptr, shape};
  }
};

// The tensors of a model, one after another, and its dropout sites. The constructor of a block adds the block's tensors
// and keeps their slots.
class Layout {
 public:
  template <int Rank>
  Slot<Rank> add(std::string name, std::array<Index, Rank> shape, Init init) {
    Index n = 1;
    for (const Index extent : shape) n *= extent;
    parameters_.push_back({std::move(name), {shape.begin(), shape.end()}, size_, n, init});
    const Slot<Rank> slot{size_, shape};
    size_ += n;
    return slot;
  }

  // Names that begin with `name` for the first block that asks for it, with `name` and a number for the others: "lstm",
  // "lstm2".
  std::string scope(const std::string& name) {
    const int number = ++scopes_[name];
    return number == 1 ? name : name + std::to_string(number);
  }

  // The number of the next place at which elements are dropped, counted from 0 in the order of the blocks. It is part
  // of the key of the masks, so no two places drop the same elements.
  std::uint64_t dropout_site() { return sites_++; }

  std::span<const Parameter> all() const { return parameters_; }
  Index size() const { return size_; }  // number of values of all tensors

 private:
  std::vector<Parameter> parameters_;
  std::map<std::string, int> scopes_;
  Index size_ = 0;
  std::uint64_t sites_ = 0;
};

}  // namespace cutract
