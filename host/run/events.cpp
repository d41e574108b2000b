#include "host/run/events.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/plant.h"
#include "host/run/events.pb.h"

namespace cutract {
namespace {

constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  constexpr std::uint32_t kReversedPolynomial = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t r = byte;
    for (int bit = 0; bit < 8; ++bit) r = (r >> 1) ^ (r & 1 ? kReversedPolynomial : 0);
    table[byte] = r;
  }
  return table;
}();

// TFRecord masks its CRCs because a CRC over data that contain CRCs would be weak.
std::uint32_t masked(std::uint32_t crc) {
  if (CUTRACT_PLANTED("crc_not_masked")) return crc;
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

double seconds_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

tensorboard::Event event_now(std::int64_t step) {
  tensorboard::Event e;
  e.set_wall_time(seconds_now());
  e.set_step(step);
  return e;
}

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return name.data();
}

// Repeats a call that a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// TensorBoard reads the files of a folder in the order of their names, so the name of a new file sorts after all
// existing ones, even within the same second and when the clock has been set back.
std::string free_name(FileSystem& fs, const std::string& folder) {
  std::vector<std::string> taken;
  if (uninterrupted([&] { return fs.list(folder, taken); }) < 0)
    fail(Fault::io, folder + ": cannot list the folder: " + std::strerror(errno));
  constexpr std::string_view kStart = "events.out.tfevents.";
  auto second = static_cast<std::int64_t>(seconds_now());
  for (const std::string& name : taken) {
    if (!name.starts_with(kStart)) continue;
    std::int64_t other = 0;
    const auto [end, error] = std::from_chars(name.data() + kStart.size(), name.data() + name.size(), other);
    if (error == std::errc{} && other < 9'999'999'999) second = std::max(second, other + 1);
  }
  return fmt::format("{}{}.{}", kStart, second, host_name());
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t r = 0xFFFFFFFF;
  for (const char c : bytes) r = (r >> 8) ^ kCrcTable[(r ^ static_cast<unsigned char>(c)) & 0xFF];
  return ~r;
}

std::string tf_record(std::string_view data) {
  std::string out;
  append_little_endian(out, data.size(), 8);
  append_little_endian(out, masked(crc32c(out)), 4);
  out += data;
  append_little_endian(out, masked(crc32c(data)), 4);
  return out;
}

EventFile::EventFile(FileSystem& fs, std::string folder, std::int64_t first_step)
    : fs_(fs), folder_(std::move(folder)), first_step_(first_step) {}

EventFile::~EventFile() {
  if (fd_ >= 0) fs_.close(fd_);
}

void EventFile::open() {
  path_ = folder_ + "/" + free_name(fs_, folder_);
  fd_ = uninterrupted([&] { return fs_.create(path_); });
  if (fd_ < 0) fail(Fault::io, path_ + ": cannot create: " + std::strerror(errno));
  tensorboard::Event version = event_now(0), start = event_now(first_step_);
  version.set_file_version("brain.Event:2");
  start.mutable_session_log()->set_status(tensorboard::SessionLog::START);
  if (CUTRACT_PLANTED("events_repeat_epochs")) start.set_step(first_step_ + 1);
  append(tf_record(version.SerializeAsString()) + tf_record(start.SerializeAsString()));
}

void EventFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = uninterrupted([&] { return fs_.write(fd_, bytes.data(), bytes.size()); });
    if (n <= 0) fail(Fault::io, path_ + ": cannot write: " + std::strerror(n < 0 ? errno : ENOSPC));
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void EventFile::add(std::int64_t step, std::span<const Scalar> scalars) {
  if (failed_) return;
  tensorboard::Event e = event_now(step);
  for (const Scalar& s : scalars) {
    auto* value = e.mutable_summary()->add_value();
    value->set_tag(s.tag);
    value->set_simple_value(static_cast<float>(s.value));
  }
  try {
    if (fd_ < 0) open();
    append(tf_record(e.SerializeAsString()));
  } catch (const Error& error) {
    failed_ = true;
    log::warn(std::string(error.what()) + "; continuing without TensorBoard events");
  }
}

}  // namespace cutract
