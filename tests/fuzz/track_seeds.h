#pragma once

#include <string>
#include <vector>

namespace cutract::fuzz {

struct TrackSeed {
  std::string target, name, bytes;
};

// Small files of each format of movement.
std::vector<TrackSeed> track_seeds();

}  // namespace cutract::fuzz
