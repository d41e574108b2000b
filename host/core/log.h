#pragma once

#include <string>

// Logs one line per event. Libraries call these; main chooses the sinks (stderr for people, train.log for machines).
// Names from files may contain any characters, so every line is made printable here.
namespace cutract::log {

void info(const std::string& text);
void warn(const std::string& text);

// Logs to the file alone, for what people have seen in a different form, e.g. on the progress line.
void record(const std::string& text);

// Sets the level for stderr, and a file that receives everything with time stamps, including the first 1000 lines
// logged before it was set. "" closes it.
enum class Level { quiet, normal };
void set_level(Level);
void set_file(const std::string& path);

// While a progress line is on the terminal, log lines are written by calling `write`, which clears and redraws it.
void set_terminal_writer(void (*write)(void* self, const std::string& line), void* self);

}  // namespace cutract::log
