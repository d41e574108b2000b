#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cutract {

// The batches of one epoch as utterance indices, each batch sorted longest first (ties by index). A pure function of
// its arguments: nothing is stored to resume. Utterances are shuffled, sorted by length within pools of `pool_batches`
// batches so that a batch has like lengths (1: no sorting), cut, and the batches shuffled. A larger pool takes fewer
// steps of time, and keeps fewer random companies. Every utterance occurs once; all batches are full but at most one.
// Error{internal} unless batch_size and pool_batches are >= 1.
std::vector<std::vector<int>> training_batches(std::span<const std::int32_t> lengths, int batch_size,
                                               std::uint64_t seed, int epoch, const std::string& manifest_hash,
                                               int pool_batches = 4);

// For evaluation: longest first, no randomness.
std::vector<std::vector<int>> ordered_batches(std::span<const std::int32_t> lengths, int batch_size);

}  // namespace cutract
