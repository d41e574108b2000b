#include "kernels/simt/matrix.h"

#include <bit>
#include <cstring>

#include "kernels/simt/numbers.h"
#include "kernels/simt/warp.h"

namespace cutract::simt {
namespace {

constexpr int kLanes = 32;

// Block m of the warp: row g, columns 2t and 2t + 1; with `transposed`, the same of its transpose.
void load_blocks(Word* out, int blocks, const void* row, bool transposed, const char* call, Where where) {
  Lane& me = lane();
  const auto address = reinterpret_cast<std::uintptr_t>(row);
  if (static_cast<int>(lane_number()) < 8 * blocks) {
    if (address % 16 != 0) fault(std::string(call) + ": the address of its row is not aligned to 16 bytes");
    if (!block().shared.contains(row, 16) && !in_static_shared(row))
      fault(std::string(call) + ": its row is beyond shared memory: offset " +
            std::to_string(static_cast<const std::byte*>(row) - block().shared.data()) + " of " +
            std::to_string(block().shared.bytes()) + " bytes");
  }
  std::memcpy(me.in.data(), &address, sizeof address);
  me.in[2] = static_cast<Word>(blocks) | (transposed ? 8u : 0u);
  together(call, kAllLanes, where, [=](Exchange x) {
    for (std::uint32_t m = 0; m < static_cast<std::uint32_t>(blocks); ++m) {
      std::uint16_t block8[8][8];
      for (std::uint32_t r = 0; r < 8; ++r) {
        std::uintptr_t at = 0;
        std::memcpy(&at, x.in(8 * m + r).data(), sizeof at);
        std::memcpy(block8[r], reinterpret_cast<const void*>(at), 16);
      }
      for (std::uint32_t i = 0; i < kLanes; ++i) {
        const std::uint32_t g = i / 4, c = i % 4 * 2;
        x.out(i)[m] =
            transposed ? block8[c][g] | Word{block8[c + 1][g]} << 16 : block8[g][c] | Word{block8[g][c + 1]} << 16;
      }
    }
  });
  std::memcpy(out, me.out.data(), static_cast<std::size_t>(blocks) * sizeof(Word));
}

// A number format: how many numbers a word holds, and their values.
struct Bf16 {
  static constexpr int kPerWord = 2;
  static float value(Word w, int i) { return i == 0 ? bf16_low(w) : bf16_high(w); }
};
struct Half {
  static constexpr int kPerWord = 2;
  static float value(Word w, int i) { return i == 0 ? half_low(w) : half_high(w); }
};
struct Tf32 {
  static constexpr int kPerWord = 1;
  static float value(Word w, int) { return std::bit_cast<float>(w & 0xffffe000u); }
};

// A is `AWords` words per lane, alternating rows g and g + 8; B is half as many. The lane's words are c, then a, then
// b.
template <class Number, int AWords>
void multiply(Exchange x) {
  constexpr int kPer = Number::kPerWord, kWide = 4 * kPer, K = AWords / 2 * kWide;  // kWide: columns spanned by a word
  float a[16][K], b[K][8];
  for (std::uint32_t i = 0; i < kLanes; ++i) {
    const std::uint32_t g = i / 4, t = i % 4;
    for (int r = 0; r < AWords; ++r)
      for (int e = 0; e < kPer; ++e) {
        const std::uint32_t k = static_cast<std::uint32_t>(r / 2 * kWide + e) + t * kPer;
        a[g + static_cast<std::uint32_t>(r % 2 * 8)][k] = Number::value(x.in(i)[static_cast<std::size_t>(4 + r)], e);
        if (r % 2 == 0) b[k][g] = Number::value(x.in(i)[static_cast<std::size_t>(4 + AWords + r / 2)], e);
      }
  }
  float d[16][8];
  for (std::uint32_t i = 0; i < kLanes; ++i)
    for (std::uint32_t r = 0; r < 4; ++r) d[i / 4 + r / 2 * 8][i % 4 * 2 + r % 2] = std::bit_cast<float>(x.in(i)[r]);
  for (int row = 0; row < 16; ++row)
    for (int k = 0; k < K; ++k)
      for (int n = 0; n < 8; ++n) d[row][n] += a[row][k] * b[k][n];
  for (std::uint32_t i = 0; i < kLanes; ++i)
    for (std::uint32_t r = 0; r < 4; ++r) x.out(i)[r] = std::bit_cast<Word>(d[i / 4 + r / 2 * 8][i % 4 * 2 + r % 2]);
}

template <class Number, int AWords>
void mma(float (&d)[4], const Word* a, const Word* b, const char* call, Where where) {
  Lane& me = lane();
  std::memcpy(me.in.data(), d, sizeof d);
  std::memcpy(me.in.data() + 4, a, AWords * sizeof(Word));
  std::memcpy(me.in.data() + 4 + AWords, b, AWords / 2 * sizeof(Word));
  together(call, kAllLanes, where, multiply<Number, AWords>);
  std::memcpy(d, me.out.data(), sizeof d);
}

}  // namespace

void load_matrix(Word& out, const void* row, bool transposed, Where where) {
  load_blocks(&out, 1, row, transposed, "load_matrix (1 block)", where);
}
void load_matrix(Word (&out)[2], const void* row, bool transposed, Where where) {
  load_blocks(out, 2, row, transposed, "load_matrix (2 blocks)", where);
}
void load_matrix(Word (&out)[4], const void* row, bool transposed, Where where) {
  load_blocks(out, 4, row, transposed, "load_matrix (4 blocks)", where);
}

Word transpose_matrix(Word v, Where where) {
  lane().in[0] = v;
  together("transpose_matrix", kAllLanes, where, [](Exchange x) {
    const auto element = [&](std::uint32_t row, std::uint32_t column) {
      return x.in(row * 4 + column / 2)[0] >> column % 2 * 16 & 0xffffu;
    };
    for (std::uint32_t i = 0; i < kLanes; ++i) {
      const std::uint32_t g = i / 4, c = i % 4 * 2;
      x.out(i)[0] = element(c, g) | element(c + 1, g) << 16;
    }
  });
  return lane().out[0];
}

void mma_bf16(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where where) {
  mma<Bf16, 4>(d, a, b, "mma_bf16 (m16n8k16)", where);
}
void mma_bf16(float (&d)[4], const Word (&a)[2], const Word& b, Where where) {
  mma<Bf16, 2>(d, a, &b, "mma_bf16 (m16n8k8)", where);
}
void mma_half(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where where) {
  mma<Half, 4>(d, a, b, "mma_half (m16n8k16)", where);
}
void mma_half(float (&d)[4], const Word (&a)[2], const Word& b, Where where) {
  mma<Half, 2>(d, a, &b, "mma_half (m16n8k8)", where);
}
void mma_tf32(float (&d)[4], const Word (&a)[4], const Word (&b)[2], Where where) {
  mma<Tf32, 4>(d, a, b, "mma_tf32 (m16n8k8)", where);
}

}  // namespace cutract::simt
