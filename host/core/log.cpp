#include "host/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace cutract::log {
namespace {

struct State {
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

void to_terminal(const std::string& line) {
  if (state().write) return state().write(state().self, line);
  std::fputs((line + "\n").c_str(), stderr);
}

void to_file(spdlog::level::level_enum level, const std::string& text) {
  constexpr std::size_t kEarly = 1000;
  if (state().file)
    state().file->log(level, text);
  else if (state().early.size() < kEarly)
    state().early.emplace_back(level, text);
}

}  // namespace

void record(const std::string& text) { to_file(spdlog::level::info, text); }

void info(const std::string& text) {
  to_file(spdlog::level::info, text);
  if (state().level == Level::normal) to_terminal(text);
}

void warn(const std::string& text) {
  to_file(spdlog::level::warn, text);
  to_terminal("warning: " + text);
}

void set_level(Level level) { state().level = level; }

void set_file(const std::string& path) {
  state().file.reset();
  if (path.empty()) return;
  // Losing the log must not stop a training run, so a failure is a warning.
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    state().file = std::make_shared<spdlog::logger>("cutract", std::move(sink));
    state().file->set_pattern("%Y-%m-%dT%H:%M:%S%z %l %v");
    state().file->flush_on(spdlog::level::info);
    state().file->set_error_handler([](const std::string&) {});
    for (const auto& [level, text] : state().early) state().file->log(level, text);
    state().early.clear();
  } catch (const spdlog::spdlog_ex& e) { warn(std::string("no log file: ") + e.what()); }
}

void set_terminal_writer(void (*write)(void*, const std::string&), void* self) {
  state().write = write;
  state().self = self;
}

}  // namespace cutract::log
