#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cutract {

struct Share {
  std::string split;
  double part = 0;  // of the utterances
};

// Parses "train=0.8,val=0.1,test=0.1". Throws Error{usage}, naming `option`, unless names differ and shares add up
// to 1.
std::vector<Share> parse_shares(const std::string& text, const std::string& option);

// Returns the split of each utterance, given its group. Utterances of the same group, such as a sentence, get the same
// split. Groups are put in the order of the SHA-256 of "SEED GROUP", and this order is cut according to the shares, so
// the result depends only on seed, shares and groups. Every split gets a group if there are enough.
std::vector<std::string> assign_splits(const std::vector<std::string>& groups, const std::vector<Share>&,
                                       std::int64_t seed);

}  // namespace cutract
