#include "host/core/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "host/core/append_file.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract::log {
namespace {

struct State {
  std::recursive_mutex mutex;  // recursive, because a failing log file warns
  Level level = Level::normal;
  std::shared_ptr<spdlog::logger> file;
  std::vector<std::pair<spdlog::level::level_enum, std::string>> early;  // before there was a file
  void (*write)(void*, const std::string&) = nullptr;
  void* self = nullptr;
};
State& state() {
  static State s;
  return s;
}
using Lock = std::lock_guard<std::recursive_mutex>;

void to_terminal(const std::string& line) {
  if (state().write) return state().write(state().self, line);
  std::fputs((line + "\n").c_str(), stderr);
}

// Losing the log must not stop a training run: the first failure is a warning, and the file is not used after that.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(const std::string& path) : path_(path), file_(path) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (failed_) return;
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (file_.append(std::string_view(line.data(), line.size()))) return;
    failed_ = true;
    to_terminal("warning: " + path_ + ": cannot write: " + std::strerror(errno) + "; continuing without it");
  }
  void flush_() override {}

 private:
  std::string path_;
  AppendFile file_;
  bool failed_ = false;
};

void to_file(spdlog::level::level_enum level, const std::string& text) {
  constexpr std::size_t kEarly = 1000;
  if (state().file)
    state().file->log(level, text);
  else if (state().early.size() < kEarly)
    state().early.emplace_back(level, text);
}

}  // namespace

void record(const std::string& text) {
  const Lock lock(state().mutex);
  to_file(spdlog::level::info, printable(text));
}

void info(const std::string& raw) {
  const Lock lock(state().mutex);
  const std::string text = printable(raw);
  to_file(spdlog::level::info, text);
  if (state().level == Level::normal) to_terminal(text);
}

void warn(const std::string& raw) {
  const Lock lock(state().mutex);
  const std::string text = printable(raw);
  to_file(spdlog::level::warn, text);
  to_terminal("warning: " + text);
}

void set_level(Level level) {
  const Lock lock(state().mutex);
  state().level = level;
}

void set_file(const std::string& path) {
  const Lock lock(state().mutex);
  state().file.reset();
  if (path.empty()) return;
  try {
    auto sink = std::make_shared<FileSink>(path);
    state().file = std::make_shared<spdlog::logger>("cutract", std::move(sink));
    state().file->set_pattern("%Y-%m-%dT%H:%M:%S%z %l %v");
    state().file->set_error_handler([](const std::string&) {});
    for (const auto& [level, text] : state().early) state().file->log(level, text);
    state().early.clear();
  } catch (const Error& e) { warn(std::string(e.what()) + "; continuing without it"); }
}

void set_terminal_writer(void (*write)(void*, const std::string&), void* self) {
  const Lock lock(state().mutex);
  state().write = write;
  state().self = self;
}

}  // namespace cutract::log
