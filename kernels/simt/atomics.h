#pragma once

#include <concepts>

#include "kernels/simt/grid.h"

// Atomics on integers. The emulator runs one thread at a time, so every operation is atomic by itself. After one, at
// random, other warps run first, because code with atomics must not rely on the order of threads.
namespace cutract::simt {

template <std::integral T, class Op>
T atomically(T* at, Op op) {
  const T before = *at;
  *at = op(before);
  if (*at != before) wake_pollers();
  if (chance(2)) give_way();
  return before;
}

}  // namespace cutract::simt

template <std::integral T>
T atomicAdd(T* at, T by) {  // integer
  return cutract::simt::atomically(at, [=](T v) { return static_cast<T>(v + by); });
}
template <std::integral T>
T atomicMin(T* at, T by) {
  return cutract::simt::atomically(at, [=](T v) { return by < v ? by : v; });
}
template <std::integral T>
T atomicMax(T* at, T by) {
  return cutract::simt::atomically(at, [=](T v) { return by > v ? by : v; });
}
template <std::integral T>
T atomicAnd(T* at, T by) {
  return cutract::simt::atomically(at, [=](T v) { return static_cast<T>(v & by); });
}
template <std::integral T>
T atomicOr(T* at, T by) {
  return cutract::simt::atomically(at, [=](T v) { return static_cast<T>(v | by); });
}
template <std::integral T>
T atomicExch(T* at, T by) {
  return cutract::simt::atomically(at, [=](T) { return by; });
}
template <std::integral T>
T atomicCAS(T* at, T expected, T by) {
  return cutract::simt::atomically(at, [=](T v) { return v == expected ? by : v; });
}
