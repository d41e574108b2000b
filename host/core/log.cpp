#include "host/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <memory>

namespace cutract::log {
namespace {

struct State {
  Level level = Level::normal;
  std::shared_ptr<spdlog::logger> file;
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

}  // namespace

void info(const std::string& text) {
  if (state().file) state().file->info(text);
  if (state().level == Level::normal) to_terminal(text);
}

void warn(const std::string& text) {
  if (state().file) state().file->warn(text);
  to_terminal("warning: " + text);
}

void set_level(Level level) { state().level = level; }

void set_file(const std::string& path) {
  state().file.reset();
  if (path.empty()) return;
  // Losing the log must not stop a training run, so a failure is a warning (R36).
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    state().file = std::make_shared<spdlog::logger>("cutract", std::move(sink));
    state().file->set_pattern("%Y-%m-%dT%H:%M:%S%z %l %v");
    state().file->flush_on(spdlog::level::info);
    state().file->set_error_handler([](const std::string&) {});
  } catch (const spdlog::spdlog_ex& e) { warn(std::string("no log file: ") + e.what()); }
}

void set_terminal_writer(void (*write)(void*, const std::string&), void* self) {
  state().write = write;
  state().self = self;
}

}  // namespace cutract::log
