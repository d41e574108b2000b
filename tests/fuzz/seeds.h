#pragma once

#include <string>

namespace cutract::fuzz {

// Writes small valid inputs, made by our own writers or by hand, as FOLDER/TARGET/NAME.
void write_seeds(const std::string& folder);

}  // namespace cutract::fuzz
