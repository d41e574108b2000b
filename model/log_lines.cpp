#include <cutract/log.h>

#include <mutex>
#include <utility>

#include "host/core/log.h"

namespace cutract {
namespace {

struct Receiver {
  std::mutex mutex;
  std::function<void(const std::string&)> write;
};
Receiver& receiver() {
  static Receiver r;
  return r;
}

}  // namespace

void write_log_to(std::function<void(const std::string& line)> write) {
  Receiver& to = receiver();
  const std::lock_guard lock(to.mutex);
  log::set_terminal_writer(nullptr, nullptr);  // waits for the line that is being written
  to.write = std::move(write);
  if (!to.write) return;
  log::set_terminal_writer([](void* self, const std::string& line) { static_cast<Receiver*>(self)->write(line); }, &to);
}

}  // namespace cutract
