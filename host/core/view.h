#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

namespace cutract {

using Index = std::int64_t;

// A non-owning, row-major, contiguous array. The shape is part of the value: a View is copied, never resized.
template <class T, int Rank>
struct View {
  T* data = nullptr;
  std::array<Index, Rank> shape{};

  constexpr View() = default;
  constexpr View(T* at, std::array<Index, Rank> extents) : data(at), shape(extents) {}
  // A view of mutable elements converts to a view of const ones.
  template <class U, class = std::enable_if_t<std::is_convertible_v<U (*)[], T (*)[]>>>
  constexpr View(View<U, Rank> other) : data(other.data), shape(other.shape) {}

  constexpr Index size() const {
    Index n = 1;
    for (Index d : shape) n *= d;
    return n;
  }
  // Start of row i; a row is everything after the first axis.
  constexpr T* row(Index i) const {
    Index n = 1;
    for (int d = 1; d < Rank; ++d) n *= shape[d];
    return data + i * n;
  }
};

// Owns the data that a View refers to: rows x columns of float, the shape of every packed batch.
struct Matrix {
  Index rows = 0, cols = 0;
  std::vector<float> values;  // [rows, cols]

  Matrix() = default;
  Matrix(Index r, Index c) : rows(r), cols(c), values(static_cast<std::size_t>(r * c)) {}
  View<float, 2> view() { return {values.data(), {rows, cols}}; }
  View<const float, 2> view() const { return {values.data(), {rows, cols}}; }
  float* row(Index i) { return values.data() + i * cols; }
  const float* row(Index i) const { return values.data() + i * cols; }
};

// Throws Fault::internal, e.g. "lstm.x: shape is [2,7], expected [2,8]".
void expect_shape(std::string_view what, const Index* got, const Index* want, int rank);

template <class T, int Rank>
void expect_shape(std::string_view what, View<T, Rank> v, std::type_identity_t<std::array<Index, Rank>> want) {
  expect_shape(what, v.shape.data(), want.data(), Rank);
}

}  // namespace cutract
