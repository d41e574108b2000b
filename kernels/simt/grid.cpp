#include "kernels/simt/grid.h"

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "host/core/error.h"
#include "host/core/log.h"
#include "kernels/simt/asan.h"
#include "kernels/simt/cluster.h"
#include "kernels/simt/schedule.h"
#include "kernels/simt/trap.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace cutract::simt {
namespace {

constexpr unsigned kWarp = 32;

std::uint64_t seed_of_environment() {
  const char* text = std::getenv("CUTRACT_EMULATOR_SEED");
  return text ? std::strtoull(text, nullptr, 10) : 1;
}

struct Trap {
  int signal;
  const void* address;
};

// The one emulated GPU of the process. It runs one grid at a time.
struct Device {
  std::mutex mutex;
  Schedule schedule{true, seed_of_environment()};
  std::uint64_t launches = 0, random = 0;
  std::size_t turn = 0;  // index of the warp to run, when warps run in turn
  StackPool stacks;
  Cluster cluster;
  std::vector<Warp*> warps;  // those that may still run
  const char* kernel = "";
  const std::function<void()>* body = nullptr;
  bool leave_warp = false;
  Lane* lane = nullptr;  // null while the scheduler itself runs
  std::optional<std::string> fault;
  std::optional<Trap> trap;
};

Device& device() {
  static Device one;
  return one;
}

// splitmix64 (Steele, Lea and Flood 2014).
std::uint32_t random_bits() {
  std::uint64_t z = device().random += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>(z >> 32);
}
std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(std::uint64_t{random_bits()} * n >> 32); }

template <class T>  // Extent or uint3
std::string text(T v) {
  return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}

void check_geometry(const char* kernel, const Geometry& g) {
  const auto refuse = [&](const std::string& what) { fail(Fault::internal, std::string(kernel) + ": " + what); };
  const std::uint64_t threads = std::uint64_t{g.block.x} * g.block.y * g.block.z;
  if (threads == 0 || threads > 1024 || g.block.z > 64)
    refuse("block is " + text(g.block) + ", expected 1 to 1024 threads, at most 64 along z");
  if (g.grid.x > INT_MAX || g.grid.y > 65535 || g.grid.z > 65535)
    refuse("grid is " + text(g.grid) + ", expected at most (2147483647,65535,65535)");
  if (g.shared_bytes > kMaxShared)
    refuse("shared memory is " + std::to_string(g.shared_bytes) + " bytes, expected at most " +
           std::to_string(kMaxShared));
  if (g.cluster < 1 || g.cluster > 16 || g.grid.x % g.cluster != 0)
    refuse("cluster is " + std::to_string(g.cluster) + " blocks of a grid " + text(g.grid) +
           ", expected 1 to 16, a divisor of x");
}

void thread_main() {
  (*device().body)();
  device().lane->ended = true;
  suspend(true);
  __builtin_unreachable();
}

[[noreturn]] void throw_fault(const std::string& what) {
  const Device& d = device();
  fail(Fault::internal, std::string(d.kernel) + ": " + what + "; emulator seed " + std::to_string(d.schedule.seed) +
                            ", launch " + std::to_string(d.launches));
}

std::string trap_report(const Device& d, const Lane& at) {
  const Block& b = *at.warp->block;
  std::string what = d.trap->signal == SIGILL || d.trap->signal == SIGTRAP
                         ? "index beyond an array (a __shared__ or local one), or another undefined operation"
                         : "access to memory that is not its own";
  for (const auto& peer : d.cluster.blocks) {
    if (!peer->shared.near(d.trap->address)) continue;
    const auto* address = static_cast<const std::byte*>(d.trap->address);
    what = peer->live == 0 && peer.get() != &b
               ? "access to the shared memory of block of rank " + std::to_string(peer->rank) + ", which has ended"
               : "access beyond shared memory: offset " + std::to_string(address - peer->shared.data()) + " of " +
                     std::to_string(peer->shared.bytes()) + " bytes";
  }
  if (d.stacks.in_guard(d.trap->address)) what = "its stack is full (the emulator gives a thread 64 KiB)";
  return position(b, at.thread) + ": " + what;
}

void on_trap(int signal, const void* address) {
  Device& d = device();
  if (!d.lane) return;
  d.trap = Trap{signal, address};
  suspend(true);
}

// Prepares one block of the grid; its threads are not started yet.
void set_up(Block& b, const Geometry& g, uint3 index, std::uint32_t rank) {
  const std::uint32_t n = g.block.x * g.block.y * g.block.z, warps = (n + kWarp - 1) / kWarp;
  b.index = index;
  b.rank = rank;
  b.threads = b.live = n;
  b.lanes.resize(std::max<std::size_t>(b.lanes.size(), n));
  b.warps.assign(warps, {});
  for (std::uint32_t i = 0; i < n; ++i) {
    Lane& l = b.lanes[i];
    Warp& w = b.warps[i / kWarp];
    l.warp = &w;
    l.thread = {i % g.block.x, i / g.block.x % g.block.y, i / g.block.x / g.block.y};
    l.bit = 1u << i % kWarp;
    l.started = l.ended = false;
    l.copy_group = l.cluster_phase = 0;
    l.copies.clear();
    w.present |= l.bit;
  }
  for (std::uint32_t w = 0; w < warps; ++w) {
    b.warps[w].block = &b;
    b.warps[w].lanes = &b.lanes[w * kWarp];
    b.warps[w].ready = b.warps[w].present;
  }
  for (Barrier& barrier : b.barriers) {
    barrier.arrived = 0;
    barrier.count = 0;
    barrier.waiting.assign(warps, 0);
  }
  b.shared.open(g.shared_bytes);
}

void thread_ended(Lane& l) {
  Device& d = device();
  Block& b = *l.warp->block;
  d.stacks.give_back(l.fiber.stack());
  --b.live;
  --d.cluster.live;
  if (b.live == 0 && !b.shared.front_intact())
    throw_fault("block " + text(b.index) + ", thread unknown: write before shared memory, more than 128 bytes");
  if (d.cluster.size > 1) {
    if (b.live == 0 && stores_are_on_the_way_to(b))
      throw_fault(position(b, l.thread) + ": has ended while a store_async to its block was on the way");
    if (b.live == 0) b.shared.close();
    cluster_thread_ended();
  }
}

void run(Lane& l) {
  Device& d = device();
  const Block& b = *l.warp->block;
  if (!l.started) {
    l.fiber.start(d.stacks.take(), thread_main);
    l.started = true;
  }
  d.lane = &l;
  threadIdx = l.thread;
  blockIdx = b.index;
  resume(l.fiber);
  d.lane = nullptr;
  if (d.trap) throw_fault(trap_report(d, l));
  if (d.fault) throw_fault(position(b, l.thread) + ": " + *d.fault);
  if (b.shared.bytes() > 0 && !b.shared.fences_intact())
    throw_fault(position(b, l.thread) + ": write beyond shared memory, just before or after its " +
                std::to_string(b.shared.bytes()) + " bytes");
  if (l.ended) {
    l.warp->ready &= ~l.bit;
    thread_ended(l);
  }
}

// Runs a warp until none of its lanes can continue, or, one time in four, for a random number of lane runs.
void run(Warp& w) {
  const bool adversarial = device().schedule.adversarial;
  std::uint32_t budget = adversarial && below(4) == 0 ? 1 + below(100) : UINT_MAX;
  while (w.ready) {
    const std::uint32_t order = adversarial ? below(kWarp) : 0;
    for (std::uint32_t i = 0; i < kWarp; ++i) {
      const std::uint32_t at = i ^ order;
      if (!(w.ready >> at & 1)) continue;
      run(w.lanes[at]);
      if (--budget == 0 || std::exchange(device().leave_warp, false)) return;
    }
    if (!adversarial) return;
  }
}

Warp* next_warp() {
  Device& d = device();
  const std::size_t n = d.warps.size();
  if (n == 0) return nullptr;
  const std::size_t from = d.schedule.adversarial ? below(static_cast<std::uint32_t>(n)) : d.turn;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (from + i) % n;
    if (d.warps[at]->ready) {
      d.turn = (at + 1) % n;
      return d.warps[at];
    }
  }
  return nullptr;
}

void run_cluster() {
  Device& d = device();
  Cluster& c = d.cluster;
  d.warps.clear();
  d.turn = 0;
  for (std::uint32_t r = 0; r < c.size; ++r)
    for (Warp& w : c.blocks[r]->warps) d.warps.push_back(&w);
  while (c.live > 0 || !c.stores.empty()) {
    if (Warp* w = next_warp()) {
      run(*w);
      if (chance(4)) deliver_stores(false);
    } else if (!c.stores.empty()) {
      deliver_stores(true);
    } else {
      throw_fault(deadlock_report(c));
    }
  }
}

void set_up_cluster(const Geometry& g, std::uint64_t number) {
  Cluster& c = device().cluster;
  const std::uint64_t first = number * g.cluster;
  const uint3 index{static_cast<unsigned>(first % g.grid.x), static_cast<unsigned>(first / g.grid.x % g.grid.y),
                    static_cast<unsigned>(first / g.grid.x / g.grid.y)};
  while (c.blocks.size() < g.cluster) c.blocks.push_back(std::make_unique<Block>());
  c.size = g.cluster;
  c.live = 0;
  c.arrived = c.phase = 0;
  c.mbarriers.clear();
  c.stores.clear();
  for (std::uint32_t r = 0; r < g.cluster; ++r) {
    set_up(*c.blocks[r], g, {index.x + r, index.y, index.z}, r);
    c.live += c.blocks[r]->threads;
  }
  fill_static_shared();
}

void run_all(const Geometry& g) {
  Device& d = device();
  const std::uint64_t clusters = std::uint64_t{g.grid.x} * g.grid.y * g.grid.z / g.cluster;
  // Visits every cluster once, in an order that cannot be relied on: from a random start, in steps coprime to the
  // number of clusters.
  std::uint64_t step = 1, at = 0;
  if (d.schedule.adversarial) {
    at = std::uint64_t{random_bits()} % clusters;
    step = std::uint64_t{random_bits()} % clusters | 1;
    while (std::gcd(step, clusters) != 1) ++step;
  }
  for (std::uint64_t i = 0; i < clusters; ++i, at = (at + step) % clusters) {
    set_up_cluster(g, at);
    run_cluster();
    if (g.cluster > 1 && !static_shared_untouched())
      throw_fault("a __shared__ variable in a cluster: the emulator has one copy of those; take dynamic shared memory");
  }
}

// A sanitizer that is about to end the process does not know about blocks and threads, so this reports them.
void say_where() {
#ifdef CUTRACT_ASAN
  __sanitizer_set_death_callback([] {
    const Device& d = device();
    if (d.lane) log::warn(std::string(d.kernel) + ": " + position(*d.lane->warp->block, d.lane->thread));
  });
#endif
}

}  // namespace

Schedule schedule() { return device().schedule; }
void set_schedule(Schedule s) {
  device().schedule = s;
  device().launches = 0;
}

Cluster& cluster() { return device().cluster; }
Lane& lane() { return *device().lane; }

void wait(const char* call, Where where, std::uint32_t mask) {
  Lane& l = lane();
  l.call = call;
  l.where = where;
  l.mask = mask;
  l.warp->ready &= ~l.bit;
  suspend();
}
void wake(Warp& w, std::uint32_t lanes) { w.ready |= lanes; }

void poll(const char* call, Where where) {
  lane().warp->polling |= lane().bit;
  wait(call, where);
}
void wake_pollers() {
  for (Warp* w : device().warps) {
    w->ready |= w->polling;
    w->polling = 0;
  }
}

void give_way() {
  device().leave_warp = device().schedule.adversarial;
  suspend();
}
void completed() {
  if (!device().schedule.adversarial) give_way();
}
bool chance(std::uint32_t one_in) { return device().schedule.adversarial && below(one_in) == 0; }

void fault(std::string text) {
  device().fault = std::move(text);  // moved, because nothing on this stack is ever destroyed
  suspend(true);
  __builtin_unreachable();
}

void run_grid(const char* kernel, const Geometry& g, const std::function<void()>& body) {
  Device& d = device();
  if (d.lane)
    fail(Fault::internal, std::string(kernel) + ": launched by a kernel, expected to be launched by the host");
  const std::lock_guard lock(d.mutex);
  check_geometry(kernel, g);
  d.kernel = kernel;
  d.body = &body;
  ++d.launches;
  d.random = d.schedule.seed * 0x100000001b3 + d.launches;
  gridDim = {g.grid.x, g.grid.y, g.grid.z};
  blockDim = {g.block.x, g.block.y, g.block.z};
  const TrapGuard traps(on_trap);
  say_where();
  try {
    run_all(g);
  } catch (...) {  // the threads still running are abandoned
    d.lane = nullptr;
    d.leave_warp = false;
    d.fault.reset();
    d.trap.reset();
    d.stacks.give_back_all();
    throw;
  }
}

}  // namespace cutract::simt
