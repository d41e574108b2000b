#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/simt/grid.h"

namespace cutract::simt {
namespace {

std::string text(uint3 v) {
  return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}

// Threads of one block that wait at the same place.
struct Group {
  const Lane* first;
  std::uint32_t threads = 0;
};
bool same_place(const Lane& a, const Lane& b) {
  return a.ended == b.ended &&
         (a.ended || (std::strcmp(a.call, b.call) == 0 && a.where == b.where && a.mask == b.mask));
}

std::vector<Group> groups_of(const Block& b) {
  std::vector<Group> groups;
  for (std::uint32_t i = 0; i < b.threads; ++i) {
    const Lane& l = b.lanes[i];
    auto at = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return same_place(*g.first, l); });
    if (at == groups.end()) at = groups.insert(groups.end(), {&l});
    ++at->threads;
  }
  return groups;
}

std::string describe(const Group& g) {
  const Lane& l = *g.first;
  std::string out = "thread " + text(l.thread);
  if (g.threads > 1) out += " and " + std::to_string(g.threads - 1) + " more";
  const char* ends = g.threads > 1 ? "have ended" : "has ended";
  if (l.ended) return out + " " + ends;
  const char* slash = std::strrchr(l.where.file, '/');
  out += std::string(g.threads > 1 ? " wait" : " waits") + " at " + l.call + " (" + (slash ? slash + 1 : l.where.file) +
         ":" + std::to_string(l.where.line) + ")";
  if (l.mask == 0) return out;
  char missing[16];
  std::snprintf(missing, sizeof missing, "0x%08x", l.mask & ~l.warp->calling);
  return out + " for lanes " + missing;
}

bool at_block_barrier(const Lane& l) { return !l.ended && std::strncmp(l.call, "__syncthreads", 13) == 0; }

}  // namespace

std::string position(const Block& b, uint3 thread) { return "block " + text(b.index) + ", thread " + text(thread); }

std::string deadlock_report(Cluster& c) {
  std::string out;
  bool divergent = false;
  for (std::uint32_t r = 0; r < c.size; ++r) {
    const Block& b = *c.blocks[r];
    if (b.live == 0) continue;
    out += (out.empty() ? "block " : "; block ") + text(b.index) + ":";
    const std::vector<Group> groups = groups_of(b);
    for (const Group& g : groups) {
      divergent |= groups.size() > 1 && at_block_barrier(*g.first);
      out += (&g == groups.data() ? " " : ", ") + describe(g);
    }
  }
  return (divergent ? "divergent barrier, which not all threads of a block reach: " : "deadlock: ") + out;
}

}  // namespace cutract::simt
