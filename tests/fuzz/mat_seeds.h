#pragma once

#include <map>
#include <string>

namespace cutract::fuzz {

// MATLAB 5 files, written by hand from MathWorks' description of the format.
std::map<std::string, std::string> mat_seeds();

}  // namespace cutract::fuzz
