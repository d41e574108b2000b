#pragma once

#include <array>
#include <cstdint>

// Philox4x32-10 from the equations of Salmon et al. (2011), in plain arithmetic modulo 2^32, and the dropout mask that
// cutract derives from it. Shares no code with the code under test.
namespace cutract::oracle {

using Words = std::array<std::uint64_t, 4>;  // each below 2^32

inline Words philox4x32_10(Words counter, std::array<std::uint64_t, 2> key) {
  constexpr std::uint64_t k2_32 = 4294967296;
  for (std::uint64_t round = 0; round < 10; ++round) {
    const std::uint64_t a = 3528531795 * counter[0], b = 3449720151 * counter[2];
    const std::uint64_t golden = (key[0] + round * 2654435769) % k2_32, root3 = (key[1] + round * 3144134277) % k2_32;
    counter = {b / k2_32 ^ counter[1] ^ golden, b % k2_32, a / k2_32 ^ counter[3] ^ root3, a % k2_32};
  }
  return counter;
}

// Whether dropout keeps this column of this frame of utterance `uid`, that is, whether its uniform 24-bit number is at
// least p.
inline bool dropout_keeps(std::uint64_t key, std::uint64_t uid, std::uint64_t frame, std::uint64_t column, float p) {
  const Words r = philox4x32_10({column / 4, frame, uid, 0}, {key % 4294967296, key / 4294967296});
  return static_cast<double>(r[column % 4] / 256) / 16777216.0 >= static_cast<double>(p);
}

}  // namespace cutract::oracle
