#pragma once

#include <span>
#include <string>

#include "host/corpus/corpus.h"

namespace cutract {

// Returns what a channel with a customary name measures, e.g. "tongue tip, front-back" for tt_x; "" for an unknown
// name. `all` are the channels of the corpus: y is up-down in the midsagittal plane, and left-right if a z exists too.
std::string channel_meaning(const std::string& name, std::span<const Channel> all);

}  // namespace cutract
