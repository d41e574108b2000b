#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cutract {

// Returns the batches of one epoch as utterance indices, each batch sorted longest first (ties by index). The result
// depends only on the arguments, so resuming needs no stored state. Utterances are shuffled, sorted by length within
// pools of `pool_batches` batches so that a batch has similar lengths (1: no sorting), and cut into batches, which are
// shuffled. A larger pool makes batches more uniform in length (fewer time steps) but mixes utterances less. Every
// utterance occurs once; all batches but at most one are full. Throws Error{internal} unless batch_size and
// pool_batches are >= 1.
std::vector<std::vector<int>> training_batches(std::span<const std::int32_t> lengths, int batch_size,
                                               std::uint64_t seed, int epoch, const std::string& order_key,
                                               int pool_batches = 4);

// Batches for evaluation: longest first, no randomness.
std::vector<std::vector<int>> ordered_batches(std::span<const std::int32_t> lengths, int batch_size);

}  // namespace cutract
