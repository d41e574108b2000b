#pragma once

#include <map>
#include <string>

namespace cutract::fuzz {

// A few milliseconds of audio in every format that libsndfile writes and cutract reads.
std::map<std::string, std::string> audio_seeds();

}  // namespace cutract::fuzz
