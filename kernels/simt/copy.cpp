#include "kernels/simt/copy.h"

#include <cstring>

namespace cutract::simt {
namespace {

void land(const PendingCopy& c) {
  std::memcpy(c.to, c.from, c.given);
  std::memset(static_cast<std::byte*>(c.to) + c.given, 0, c.bytes - c.given);
}

}  // namespace

void copy_async_bytes(void* shared, const void* global, std::uint32_t bytes, std::uint32_t given) {
  if (reinterpret_cast<std::uintptr_t>(shared) % bytes != 0 || reinterpret_cast<std::uintptr_t>(global) % bytes != 0)
    fault("copy_async: addresses are not aligned to " + std::to_string(bytes) + " bytes");
  if (!block().shared.contains(shared, bytes) && !in_static_shared(shared))
    fault("copy_async: the destination is beyond shared memory");
  const PendingCopy copy{shared, global, bytes, given < bytes ? given : bytes, lane().copy_group};
  if (chance(2))
    lane().copies.push_back(copy);  // completes as late as allowed
  else
    land(copy);  // completes as early as allowed
}

void copy_commit() { ++lane().copy_group; }

void copy_wait_but(std::uint32_t groups) {
  Lane& l = lane();
  std::erase_if(l.copies, [&](const PendingCopy& c) {
    const bool due = c.group + groups < l.copy_group;
    if (due) land(c);
    return due;
  });
}

}  // namespace cutract::simt
