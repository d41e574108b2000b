#pragma once

#include <string>

// One line per event. Libraries call these; main chooses the sinks (stderr for people, train.log for machines).
// Names from files may hold anything, so every line is made printable here.
namespace cutract::log {

void info(const std::string& text);
void warn(const std::string& text);

// To the file alone: what people have seen in another form, e.g. on the progress line.
void record(const std::string& text);

// What reaches stderr, and a file that gets everything with time stamps: also the lines logged before it was set, of
// which the first 1000 are kept. "" closes it.
enum class Level { quiet, normal };
void set_level(Level);
void set_file(const std::string& path);

// While a progress line stands on the terminal, log lines are written by way of `write`, which clears and redraws it.
void set_terminal_writer(void (*write)(void* self, const std::string& line), void* self);

}  // namespace cutract::log
