#include "kernels/simt/warp.h"

namespace cutract::simt {
namespace {

// Whether all lanes of the mask are in a call with this mask. A lane may be in a call with other lanes and reach this
// one later.
bool all_want(const Warp& w, std::uint32_t mask) {
  for (std::uint32_t i = 0; i < 32; ++i)
    if (mask >> i & 1 && w.lanes[i].mask != mask) return false;
  return true;
}

}  // namespace

bool last_of_warp(const char* call, std::uint32_t mask, Where where) {
  Lane& l = lane();
  Warp& w = *l.warp;
  if (!(mask & l.bit)) fault(std::string(call) + ": the mask does not name the lane that calls");
  l.call = call;
  l.where = where;
  l.mask = mask;
  // Comparing with one lane is enough: the lanes that arrived earlier already agree.
  if (const std::uint32_t before = w.calling & mask) {
    const Lane& other = w.lanes[std::countr_zero(before)];
    if (other.mask == mask && other.call != call && std::strcmp(other.call, call) != 0)
      fault(std::string("lanes of one mask call ") + call + " (line " + std::to_string(where.line) + ") and " +
            other.call + " (line " + std::to_string(other.where.line) + ")");
  }
  w.calling |= l.bit;
  if ((w.calling & mask) == mask && all_want(w, mask)) return true;
  wait(call, where, mask);
  return false;
}

void finish_warp(std::uint32_t mask) {
  Lane& l = lane();
  l.warp->calling &= ~mask;
  wake(*l.warp, mask);
  completed();
}

std::uint32_t shuffle_source(Shuffle kind, std::uint32_t from, std::uint32_t by, std::uint32_t width) {
  const std::uint32_t first = from & ~(width - 1), last = first + width - 1;
  switch (kind) {
    case Shuffle::idx:
      return first | (by & (width - 1));
    case Shuffle::up:
      return by > from - first ? from : from - by;
    case Shuffle::down:
      return by > last - from ? from : from + by;
    case Shuffle::bfly:
      return (from ^ by) > last ? from : from ^ by;
  }
  return from;
}

void shuffle(const char* call, Shuffle kind, std::uint32_t mask, std::uint32_t by, std::uint32_t width, Where where) {
  Lane& me = lane();
  if (width == 0 || width > 32 || (width & (width - 1)) != 0)
    fault(std::string(call) + ": width is " + std::to_string(width) + ", expected a power of two up to 32");
  me.in[2] = by;
  me.in[3] = width;
  together(call, mask, where, [&](Exchange x) {
    for (std::uint32_t i = 0; i < 32; ++i) {
      if (!x.has(i)) continue;
      const std::uint32_t source = shuffle_source(kind, i, x.in(i)[2], x.in(i)[3]);
      const bool given = x.has(source);
      x.out(i)[0] = given ? x.in(source)[0] : kAllLanes;
      x.out(i)[1] = given ? x.in(source)[1] : kAllLanes;
    }
  });
}

std::uint32_t ballot(const char* call, std::uint32_t mask, bool predicate, Where where) {
  lane().in[0] = predicate;
  together(call, mask, where, [](Exchange x) {
    std::uint32_t votes = 0;
    for (std::uint32_t i = 0; i < 32; ++i)
      if (x.has(i) && x.in(i)[0]) votes |= 1u << i;
    for (std::uint32_t i = 0; i < 32; ++i)
      if (x.has(i)) x.out(i)[0] = votes;
  });
  return lane().out[0];
}

}  // namespace cutract::simt
