#include "kernels/simt/barrier.h"

namespace cutract::simt {
namespace {

// Counts the calling thread in. Returns true if it was the last of the round, in which case the others resume.
bool arrive(Barrier& b, std::uint32_t id, std::uint32_t threads, bool predicate, const char* call, Where where) {
  Block& at = block();
  if (threads == 0) threads = at.threads;
  if (id > 15 || (id > 0 && threads % 32 != 0))
    fault("barrier " + std::to_string(id) + " for " + std::to_string(threads) +
          " threads, expected an id up to 15 and a multiple of 32");
  if (b.arrived > 0 && b.threads != threads)
    fault(std::string(call) + " for " + std::to_string(threads) +
          " threads, where others wait at the same barrier for " + std::to_string(b.threads));
  if (b.arrived > 0 && id == 0 && !(b.where == where))
    fault(std::string("divergent barrier: it is at ") + call + " of line " + std::to_string(where.line) +
          ", others of its block at " + b.call + " of line " + std::to_string(b.where.line));
  b.threads = threads;
  b.where = where;
  b.call = call;
  b.count += predicate;
  if (++b.arrived < threads) return false;
  b.result = b.count;
  b.any = b.count > 0;
  b.all = b.count == static_cast<int>(threads);
  b.arrived = 0;
  b.count = 0;
  for (std::size_t w = 0; w < at.warps.size(); ++w) {
    wake(at.warps[w], b.waiting[w]);
    b.waiting[w] = 0;
  }
  completed();
  return true;
}

}  // namespace

const Barrier& sync_block(std::uint32_t id, std::uint32_t threads, bool predicate, const char* call, Where where) {
  Barrier& b = block().barriers[id % 16];
  if (arrive(b, id, threads, predicate, call, where)) return b;
  const Lane& l = lane();
  b.waiting[static_cast<std::size_t>(l.warp - block().warps.data())] |= l.bit;
  wait(call, where);
  return b;
}

void arrive_block(std::uint32_t id, std::uint32_t threads, Where where) {
  arrive(block().barriers[id % 16], id, threads, false, "barrier_arrive", where);
}

}  // namespace cutract::simt
