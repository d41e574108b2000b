#include "host/run/saving.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <chrono>
#include <thread>

#include "host/core/error.h"
#include "host/core/log.h"

namespace cutract {

void save_or_try_again(const std::function<void()>& save) {
  try {
    save();
  } catch (const Error& e) {
    if (e.fault() != Fault::io) throw;
    log::warn(fmt::format("{}; trying once more", e.what()));
    std::this_thread::sleep_for(std::chrono::seconds(1));
    save();
  }
}

void warn_if_disk_is_short(const std::string& run, int checkpoints, double bytes_each) {
  struct statvfs disk {};
  if (statvfs(run.c_str(), &disk) != 0) return;  // then writing will tell
  const double free = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize);
  if (free < checkpoints * bytes_each)
    log::warn(
        fmt::format("{}: its disk has {:.1f} MB left, and {} checkpoints of this model take {:.1f} MB; free some "
                    "space, or choose an --out on another disk",
                    run, free / 1e6, checkpoints, checkpoints * bytes_each / 1e6));
}

}  // namespace cutract
