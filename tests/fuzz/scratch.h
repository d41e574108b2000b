#pragma once

#include <string>
#include <string_view>

// Files for parsers that take a path.
namespace cutract::fuzz {

// The path of a folder of this process, in TMPDIR or in memory, which is removed at the end.
const std::string& scratch_folder();

// Writes a file of that folder, whose subfolder must exist, and returns its path.
std::string write_scratch(const std::string& name, std::string_view bytes);

// Makes a subfolder and returns its path.
std::string make_scratch_folder(const std::string& name);

}  // namespace cutract::fuzz
