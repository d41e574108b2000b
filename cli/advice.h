#pragma once

#include <string>

#include "cli/commands.h"
#include "host/core/error.h"

namespace cutract::cli {

// What to do about an error, in terms of settings and options. Libraries do not know these, so their messages leave
// it out. Returns "; set ...", or "".
std::string advice(const Command&, const Error&);

// Advice for running out of memory.
std::string memory_advice(const Command&);

}  // namespace cutract::cli
