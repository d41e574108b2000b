#pragma once

#include <bit>
#include <cstring>

#include "kernels/simt/grid.h"

// Calls that the lanes of a warp make together: the last lane of the mask to arrive computes the results for all.
namespace cutract::simt {

constexpr std::uint32_t kAllLanes = 0xffffffffu;

// The inputs of one lane of the mask, and its results.
struct Exchange {
  Warp& warp;
  std::uint32_t mask;
  bool has(std::uint32_t lane) const { return lane < 32 && (mask >> lane & 1); }
  const std::array<std::uint32_t, 12>& in(std::uint32_t lane) const { return warp.lanes[lane].in; }
  std::array<std::uint32_t, 4>& out(std::uint32_t lane) const { return warp.lanes[lane].out; }
};
inline std::uint32_t lane_number() { return static_cast<std::uint32_t>(std::countr_zero(lane().bit)); }

// The calling lane has put its words into lane().in. Returns true if it is the last of the mask and has to run
// `compute`; otherwise waits until another lane has done so.
bool last_of_warp(const char* call, std::uint32_t mask, Where);
void finish_warp(std::uint32_t mask);

// All lanes of `mask` synchronise here, and compute(Exchange) runs once. The results are in lane().out.
template <class Compute>
void together(const char* call, std::uint32_t mask, Where where, Compute compute) {
  if (!last_of_warp(call, mask, where)) return;
  compute(Exchange{*lane().warp, mask});
  finish_warp(mask);
}

// The lane that `from` reads in a shuffle (PTX shfl); `from` itself if that lane is outside its segment of `width`
// lanes.
enum class Shuffle { idx, up, down, bfly };
std::uint32_t shuffle_source(Shuffle, std::uint32_t from, std::uint32_t by, std::uint32_t width);
// Exchanges two words of the calling lane. A lane outside the mask gives 0xffffffff.
void shuffle(const char* call, Shuffle, std::uint32_t mask, std::uint32_t by, std::uint32_t width, Where);

template <class T>
T shuffled(const char* call, Shuffle kind, std::uint32_t mask, T value, std::uint32_t by, int width, Where where) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  Lane& l = lane();
  std::memcpy(l.in.data(), &value, sizeof value);
  shuffle(call, kind, mask, by, static_cast<std::uint32_t>(width), where);
  std::memcpy(&value, l.out.data(), sizeof value);
  return value;
}

// out[0] = the mask of lanes whose predicate holds.
std::uint32_t ballot(const char* call, std::uint32_t mask, bool predicate, Where);

template <class T, class Op>
T reduced(const char* call, std::uint32_t mask, T value, Op op, Where where) {
  lane().in[0] = static_cast<std::uint32_t>(value);
  together(call, mask, where, [&](Exchange x) {
    T all{};
    bool first = true;
    for (std::uint32_t i = 0; i < 32; ++i) {
      if (!x.has(i)) continue;
      const T v = static_cast<T>(x.in(i)[0]);
      all = first ? v : op(all, v);
      first = false;
    }
    for (std::uint32_t i = 0; i < 32; ++i)
      if (x.has(i)) x.out(i)[0] = static_cast<std::uint32_t>(all);
  });
  return static_cast<T>(lane().out[0]);
}

}  // namespace cutract::simt

#define CUTRACT_WHERE cutract::simt::Where where = cutract::simt::Where::here()
template <class T>
T __shfl_sync(unsigned mask, T value, int from, int width = 32, CUTRACT_WHERE) {
  using namespace cutract::simt;
  return shuffled("__shfl_sync", Shuffle::idx, mask, value, static_cast<unsigned>(from), width, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32, CUTRACT_WHERE) {
  using namespace cutract::simt;
  return shuffled("__shfl_up_sync", Shuffle::up, mask, value, by, width, where);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32, CUTRACT_WHERE) {
  using namespace cutract::simt;
  return shuffled("__shfl_down_sync", Shuffle::down, mask, value, by, width, where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int by, int width = 32, CUTRACT_WHERE) {
  using namespace cutract::simt;
  return shuffled("__shfl_xor_sync", Shuffle::bfly, mask, value, static_cast<unsigned>(by), width, where);
}
inline unsigned __ballot_sync(unsigned mask, int predicate, CUTRACT_WHERE) {
  return cutract::simt::ballot("__ballot_sync", mask, predicate != 0, where);
}
inline int __any_sync(unsigned mask, int predicate, CUTRACT_WHERE) {
  return cutract::simt::ballot("__any_sync", mask, predicate != 0, where) != 0;
}
inline int __all_sync(unsigned mask, int predicate, CUTRACT_WHERE) {
  return cutract::simt::ballot("__all_sync", mask, predicate != 0, where) == mask;
}
inline void __syncwarp(unsigned mask = 0xffffffffu, CUTRACT_WHERE) {
  cutract::simt::together("__syncwarp", mask, where, [](cutract::simt::Exchange) {});
}
// T is int or unsigned; the bitwise ones take unsigned only.
template <class T>
T __reduce_add_sync(unsigned mask, T value, CUTRACT_WHERE) {
  const auto add = [](T a, T b) { return static_cast<T>(static_cast<unsigned>(a) + static_cast<unsigned>(b)); };
  return cutract::simt::reduced("__reduce_add_sync", mask, value, add, where);
}
template <class T>
T __reduce_min_sync(unsigned mask, T value, CUTRACT_WHERE) {
  return cutract::simt::reduced(
      "__reduce_min_sync", mask, value, [](T a, T b) { return a < b ? a : b; }, where);
}
template <class T>
T __reduce_max_sync(unsigned mask, T value, CUTRACT_WHERE) {
  return cutract::simt::reduced(
      "__reduce_max_sync", mask, value, [](T a, T b) { return a > b ? a : b; }, where);
}
inline unsigned __reduce_and_sync(unsigned mask, unsigned value, CUTRACT_WHERE) {
  return cutract::simt::reduced(
      "__reduce_and_sync", mask, value, [](unsigned a, unsigned b) { return a & b; }, where);
}
inline unsigned __reduce_or_sync(unsigned mask, unsigned value, CUTRACT_WHERE) {
  return cutract::simt::reduced(
      "__reduce_or_sync", mask, value, [](unsigned a, unsigned b) { return a | b; }, where);
}
inline unsigned __reduce_xor_sync(unsigned mask, unsigned value, CUTRACT_WHERE) {
  return cutract::simt::reduced(
      "__reduce_xor_sync", mask, value, [](unsigned a, unsigned b) { return a ^ b; }, where);
}
