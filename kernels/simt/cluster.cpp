#include "kernels/simt/cluster.h"

namespace cutract::simt {
namespace {

Mbarrier& find(const void* at, const char* call) {
  const auto found = cluster().mbarriers.find(at);
  if (found == cluster().mbarriers.end())
    fault(std::string(call) + ": no mbarrier was initialised at this address; init it, fence, and synchronise first");
  return found->second;
}

void end_phase_if_complete(Mbarrier& b) {
  if (b.pending > 0 || b.bytes != 0) return;
  b.phase ^= 1;
  b.pending = b.expected;
  wake_pollers();
}

void arrive(Mbarrier& b, const char* call) {
  if (b.pending == 0) fault(std::string(call) + ": more arrivals than the mbarrier was initialised for");
  --b.pending;
  end_phase_if_complete(b);
}

void land(const PendingStore& s) {
  std::memcpy(s.to, s.value.data(), s.bytes);
  Mbarrier& b = cluster().mbarriers.find(s.barrier)->second;
  b.bytes -= s.bytes;
  end_phase_if_complete(b);
}

}  // namespace

void deliver_stores(bool all) {
  std::vector<PendingStore>& stores = cluster().stores;
  for (std::size_t i = 0; i < stores.size();) {
    if (!all && !chance(2)) {
      ++i;
      continue;
    }
    const PendingStore s = stores[i];
    stores[i] = stores.back();  // stores complete in no particular order
    stores.pop_back();
    land(s);
  }
}

bool stores_are_on_the_way_to(const Block& b) {
  const std::vector<PendingStore>& stores = cluster().stores;
  return std::any_of(stores.begin(), stores.end(), [&](const PendingStore& s) { return s.block == &b; });
}

void* peer_address(const void* local, std::size_t n, std::uint32_t rank, const char* call) {
  const Block& mine = block();
  if (rank >= cluster().size)
    fault(std::string(call) + ": rank is " + std::to_string(rank) + ", expected less than the cluster's " +
          std::to_string(cluster().size));
  if (!mine.shared.contains(local, n))
    fault(std::string(call) + ": not in the dynamic shared memory of the block (" +
          std::to_string(mine.shared.bytes()) + " bytes)");
  return cluster().blocks[rank]->shared.data() + (static_cast<const std::byte*>(local) - mine.shared.data());
}

void store_async_bytes(const void* local, const void* value, std::uint32_t n, const std::uint64_t* barrier,
                       std::uint32_t rank) {
  PendingStore s{cluster().blocks[rank % cluster().size].get(),
                 static_cast<std::byte*>(peer_address(local, n, rank, "store_async")),
                 peer_address(barrier, sizeof *barrier, rank, "store_async"),
                 {},
                 n};
  if (reinterpret_cast<std::uintptr_t>(local) % n != 0) fault("store_async: not aligned to its size");
  if (s.block->live == 0) fault("store_async: block of rank " + std::to_string(rank) + " has ended");
  find(s.barrier, "store_async");
  std::memcpy(s.value.data(), value, n);
  if (chance(2))
    cluster().stores.push_back(s);
  else
    land(s);
}

void cluster_arrive() {
  Cluster& c = cluster();
  lane().cluster_phase = c.phase;
  if (++c.arrived < c.live) return;
  c.arrived = 0;
  ++c.phase;
  wake_pollers();
}

void cluster_wait(Where where) {
  while (cluster().phase == lane().cluster_phase) poll("cluster_wait", where);
}

// As on hardware, threads that have ended are not waited for.
void cluster_thread_ended() {
  Cluster& c = cluster();
  if (c.arrived == 0 || c.arrived < c.live) return;
  c.arrived = 0;
  ++c.phase;
  wake_pollers();
}

void mbarrier_init(std::uint64_t* at, std::uint32_t arrivals) {
  if (!block().shared.contains(at, sizeof *at) || reinterpret_cast<std::uintptr_t>(at) % 8 != 0)
    fault("mbarrier_init: not an aligned word of the block's dynamic shared memory");
  if (arrivals == 0) fault("mbarrier_init: for no arrivals, expected at least 1");
  cluster().mbarriers[at] = {0, arrivals, arrivals, 0};
}

void mbarrier_expect(std::uint64_t* at, std::uint32_t bytes) { find(at, "mbarrier_expect").bytes += bytes; }

void mbarrier_arrive(std::uint64_t* at) { arrive(find(at, "mbarrier_arrive"), "mbarrier_arrive"); }

void mbarrier_arrive_expect(std::uint64_t* at, std::uint32_t bytes) {
  Mbarrier& b = find(at, "mbarrier_arrive_expect");
  b.bytes += bytes;
  arrive(b, "mbarrier_arrive_expect");
}

void mbarrier_arrive_remote(std::uint64_t* local, std::uint32_t rank) {
  arrive(find(peer_address(local, sizeof *local, rank, "mbarrier_arrive_remote"), "mbarrier_arrive_remote"),
         "mbarrier_arrive_remote");
}

bool mbarrier_try_wait(std::uint64_t* at, std::uint32_t parity, Where where) {
  const Mbarrier& b = find(at, "mbarrier_try_wait");
  if (b.phase == (parity & 1)) poll("mbarrier_try_wait", where);
  return b.phase != (parity & 1);
}

void mbarrier_wait(std::uint64_t* at, std::uint32_t parity, Where where) {
  const Mbarrier& b = find(at, "mbarrier_wait");
  while (b.phase == (parity & 1)) poll("mbarrier_wait", where);
}

}  // namespace cutract::simt
