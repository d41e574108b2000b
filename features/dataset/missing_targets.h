#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "features/dataset/dataset.h"
#include "host/corpus/corpus.h"

namespace cutract {

// How many targets of a dataset were not measured (host/core/missing.h).
struct MissingTargets {
  Index values = 0, missing = 0;                      // of frames x channels
  int utterances = 0;                                 // without any measured value
  std::vector<Index> channels;                        // not measured in any utterance
  std::map<std::string, std::vector<Index>> lacking;  // those that a speaker lacks, if another speaker has them
};
MissingTargets missing_targets(std::span<const Example>);

// Returns "1204 of 97045 target values are missing (1.2 %)", or "" if none is.
std::string missing_text(const MissingTargets&);
// Returns "tt_y and tt_z of speaker B; jaw of speaker C", or "".
std::string lacking_text(const MissingTargets&, std::span<const Channel>);

// Throws Error{data} if nothing is measured in a split, and, with `all`, if one of its channels never is. `origin`
// names the corpus.
void expect_measured(const MissingTargets&, std::span<const Channel>, const std::string& origin,
                     const std::string& split, bool all);

}  // namespace cutract
