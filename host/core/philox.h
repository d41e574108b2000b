#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#ifdef __CUDACC__
#define CUTRACT_HD __host__ __device__
#else
#define CUTRACT_HD
#endif

// Counter-based random numbers: Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC
// 2011). A number is a pure function of (key, counter), so no state needs to be stored to resume, and CPU and GPU give
// the same bits.
namespace cutract {

struct Philox4 {
  std::uint32_t v[4];
};

CUTRACT_HD inline Philox4 philox(std::uint64_t key, Philox4 c) {
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53u} * c.v[0], p1 = std::uint64_t{0xCD9E8D57u} * c.v[2];
    c = {{static_cast<std::uint32_t>(p1 >> 32) ^ c.v[1] ^ k0, static_cast<std::uint32_t>(p1),
          static_cast<std::uint32_t>(p0 >> 32) ^ c.v[3] ^ k1, static_cast<std::uint32_t>(p0)}};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// A key for one purpose, e.g. derive_key(seed, step, layer). Distinct arguments give independent streams.
CUTRACT_HD inline std::uint64_t derive_key(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  const Philox4 r = philox(seed, {{static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(a >> 32),
                                   static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(b >> 32)}});
  return std::uint64_t{r.v[1]} << 32 | r.v[0];
}

// Uniform in [0, 1): the top 24 bits, exact in float.
CUTRACT_HD inline float uniform(std::uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

// A sequential reader of one stream, for host code outside kernels (weights, shuffles).
class PhiloxStream {
 public:
  explicit PhiloxStream(std::uint64_t key) : key_(key) {}
  std::uint32_t next();
  std::uint64_t below(std::uint64_t n);  // unbiased, n >= 1

 private:
  std::uint64_t key_, block_ = 0;
  Philox4 have_{};
  int left_ = 0;
};

// A 64-bit hash of a name (FNV-1a), used to derive keys from ids.
std::uint64_t name_hash(std::string_view);

}  // namespace cutract
