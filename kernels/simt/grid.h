#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "host/device/geometry.h"
#include "kernels/simt/cuda_names.h"
#include "kernels/simt/fiber.h"
#include "kernels/simt/shared.h"

// The parts of the emulated GPU; kernels use none of them.
namespace cutract::simt {

// The calling line of the kernel, for reports.
struct Where {
  const char* file = "";
  int line = 0;
  static constexpr Where here(const char* f = __builtin_FILE(), int l = __builtin_LINE()) { return {f, l}; }
  bool operator==(const Where& other) const { return line == other.line && std::string_view(file) == other.file; }
};

struct Block;
struct Warp;

struct PendingCopy {  // cp.async
  void* to;
  const void* from;
  std::uint32_t bytes, given;  // the rest up to `bytes` is zero
  std::uint32_t group;
};

struct Lane {
  Fiber fiber;
  Warp* warp = nullptr;
  uint3 thread{};
  std::uint32_t bit = 0;  // its bit in the warp's masks
  bool started = false, ended = false;
  // The call the lane waits in, if any; for a warp-level call, `mask` gives the lanes that take part.
  const char* call = "";
  Where where;
  std::uint32_t mask = 0;
  std::array<std::uint32_t, 12> in{};
  std::array<std::uint32_t, 4> out{};
  std::uint32_t cluster_phase = 0;  // phase of the cluster barrier at which it last arrived
  std::uint32_t copy_group = 0;     // cp.async groups committed so far
  std::vector<PendingCopy> copies;
};

struct Warp {
  Block* block = nullptr;
  Lane* lanes = nullptr;
  std::uint32_t present = 0, ready = 0;  // lanes that exist; lanes that can run
  std::uint32_t calling = 0,
                polling = 0;  // lanes waiting in a call of the warp; lanes waiting for a condition that must be polled
};

struct Barrier {
  std::uint32_t arrived = 0, threads = 0;
  Where where;
  const char* call = "";
  int count = 0;   // true predicates so far in this round
  int result = 0;  // count of the previous round; `all` and `any` are of that round too
  bool all = false, any = false;
  std::vector<std::uint32_t> waiting;  // one mask per warp
};

struct Block {
  uint3 index{};
  std::uint32_t rank = 0, threads = 0, live = 0;
  std::vector<Lane> lanes;
  std::vector<Warp> warps;
  std::array<Barrier, 16> barriers;
  SharedMemory shared;
};

struct Mbarrier {
  std::int64_t bytes = 0;  // expected but not yet received
  std::uint32_t expected = 0, pending = 0, phase = 0;
};

struct PendingStore {  // st.async
  Block* block;
  std::byte* to;
  const void* barrier;
  std::array<std::byte, 16> value;
  std::uint32_t bytes;
};

// The blocks that run together: one block, or a cluster. The next ones start when all their threads have ended.
struct Cluster {
  std::vector<std::unique_ptr<Block>> blocks;  // kept for reuse; the first `size` belong to the launch
  std::uint32_t size = 1, live = 0;
  std::uint32_t arrived = 0, phase = 0;  // of the cluster barrier
  std::unordered_map<const void*, Mbarrier> mbarriers;
  std::vector<PendingStore> stores;
};

// For the functions of the device layer, which run on the fiber of a thread.
Cluster& cluster();
Lane& lane();
inline Block& block() { return *lane().warp->block; }
void wait(const char* call, Where, std::uint32_t mask = 0);  // returns after wake()
void wake(Warp&, std::uint32_t lanes);
void poll(const char* call, Where);  // returns after wake_pollers(); the caller then checks again
void wake_pollers();
void give_way();                    // lets other warps run first
void completed();                   // after a joint call: with the in-turn schedule, earlier arrivals continue first
bool chance(std::uint32_t one_in);  // random; always false with the in-turn schedule
[[noreturn]] void fault(std::string text);  // ends the launch with an Error naming kernel, block and thread

// Runs body() once for every thread of the grid. Throws Fault::internal for a wrong geometry and for errors of a
// kernel: deadlock, divergent barrier, access beyond shared memory.
void run_grid(const char* kernel, const Geometry&, const std::function<void()>& body);

std::string deadlock_report(Cluster&);
std::string position(const Block&, uint3 thread);  // "block (1,0,0), thread (3,0,0)"

}  // namespace cutract::simt
