#include "tests/simt/on_gpu.h"

namespace cutract::test {
namespace {

using Matrices = OnGpu;
using simt::Word;
const Geometry kOneWarp{{1}, {32}};

// Loads 16-bit elements that are numbered row by row: 4 blocks of 8 rows of 8.
__global__ void load_blocks(int blocks, bool transposed, Word* out) {
  __shared__ __attribute__((aligned(16))) std::uint16_t tile[32][8];
  const int lane = static_cast<int>(threadIdx.x);
  for (int c = 0; c < 8; ++c) tile[lane][c] = static_cast<std::uint16_t>(100 * lane + c);
  __syncwarp();
  Word got[4] = {0, 0, 0, 0}, two[2];
  if (blocks == 1) simt::load_matrix(got[0], tile[lane], transposed);
  if (blocks == 2) {
    simt::load_matrix(two, tile[lane], transposed);
    got[0] = two[0];
    got[1] = two[1];
  }
  if (blocks == 4) simt::load_matrix(got, tile[lane], transposed);
  for (int m = 0; m < 4; ++m) out[4 * lane + m] = got[m];
}

TEST_F(Matrices, LoadsBlocksIntoFragments) {
  for (const int blocks : {1, 2, 4})
    for (const bool transposed : {false, true}) {
      const std::vector<Word> out = run<Word>(load_blocks, kOneWarp, 128, blocks, transposed);
      for (unsigned lane = 0; lane < 32; ++lane)
        for (unsigned m = 0; m < static_cast<unsigned>(blocks); ++m) {
          const unsigned g = lane / 4, c = lane % 4 * 2;
          const auto element = [&](unsigned row, unsigned column) { return 100 * (8 * m + row) + column; };
          const Word want =
              transposed ? element(c, g) | element(c + 1, g) << 16 : element(g, c) | element(g, c + 1) << 16;
          ASSERT_EQ(out[4 * lane + m], want) << blocks << " blocks, lane " << lane << ", block " << m;
        }
    }
}

__global__ void transpose(Word* out) {
  const unsigned first = threadIdx.x / 4 * 8 + threadIdx.x % 4 * 2;  // elements are numbered row by row
  out[threadIdx.x] = simt::transpose_matrix(first | (first + 1) << 16);
}

TEST_F(Matrices, TransposesAFragment) {
  const std::vector<Word> out = run<Word>(transpose, kOneWarp, 32);
  for (unsigned lane = 0; lane < 32; ++lane) {
    const unsigned g = lane / 4, c = lane % 4 * 2;
    EXPECT_EQ(out[lane], (c * 8 + g) | ((c + 1) * 8 + g) << 16);
  }
}

enum class Kind { bf16_k16, bf16_k8, half_k16, half_k8, tf32_k8 };

// a [16, K], b [K, 8], and d [16, 8] as input and output, row by row. Each lane gathers its fragment as simt/matrix.h
// describes.
__global__ void multiply(Kind kind, const float* a, const float* b, float* d) {
  const int lane = static_cast<int>(threadIdx.x), g = lane / 4, t = lane % 4;
  const int K = kind == Kind::bf16_k16 || kind == Kind::half_k16 ? 16 : 8;
  const bool bf16 = kind == Kind::bf16_k16 || kind == Kind::bf16_k8;
  const auto pack = [&](float low, float high) {
    return bf16 ? simt::pack_bf16(low, high) : simt::pack_half(low, high);
  };
  const auto a_word = [&](int row, int k) { return pack(a[row * K + k], a[row * K + k + 1]); };
  const auto b_word = [&](int k) { return pack(b[k * 8 + g], b[(k + 1) * 8 + g]); };
  float c[4] = {d[g * 8 + 2 * t], d[g * 8 + 2 * t + 1], d[(g + 8) * 8 + 2 * t], d[(g + 8) * 8 + 2 * t + 1]};
  if (kind == Kind::tf32_k8) {
    const auto word = [](float v) { return simt::tf32_bits(v); };
    const Word aw[4] = {word(a[g * 8 + t]), word(a[(g + 8) * 8 + t]), word(a[g * 8 + t + 4]),
                        word(a[(g + 8) * 8 + t + 4])};
    const Word bw[2] = {word(b[t * 8 + g]), word(b[(t + 4) * 8 + g])};
    simt::mma_tf32(c, aw, bw);
  } else if (K == 8) {
    const Word aw[2] = {a_word(g, 2 * t), a_word(g + 8, 2 * t)}, bw = b_word(2 * t);
    bf16 ? simt::mma_bf16(c, aw, bw) : simt::mma_half(c, aw, bw);
  } else {
    const Word aw[4] = {a_word(g, 2 * t), a_word(g + 8, 2 * t), a_word(g, 2 * t + 8), a_word(g + 8, 2 * t + 8)};
    const Word bw[2] = {b_word(2 * t), b_word(2 * t + 8)};
    bf16 ? simt::mma_bf16(c, aw, bw) : simt::mma_half(c, aw, bw);
  }
  d[g * 8 + 2 * t] = c[0];
  d[g * 8 + 2 * t + 1] = c[1];
  d[(g + 8) * 8 + 2 * t] = c[2];
  d[(g + 8) * 8 + 2 * t + 1] = c[3];
}

// Small integers are exact in every format, and so is their sum. Then fractions that the format rounds.
TEST_F(Matrices, MultiplyAndAdd) {
  Rng rng(81);
  for (const Kind kind : {Kind::bf16_k16, Kind::bf16_k8, Kind::half_k16, Kind::half_k8, Kind::tf32_k8}) {
    const Index K = kind == Kind::bf16_k16 || kind == Kind::half_k16 ? 16 : 8;
    for (const bool whole : {true, false}) {
      std::vector<float> a = rng.normals(16 * K), b = rng.normals(K * 8), d = rng.normals(128);
      if (whole)
        for (auto* v : {&a, &b, &d})
          for (float& x : *v) x = std::round(8 * x);
      std::vector<double> want(d.begin(), d.end());
      for (Index i = 0; i < 16; ++i)
        for (Index j = 0; j < 8; ++j)
          for (Index k = 0; k < K; ++k)
            want[static_cast<std::size_t>(i * 8 + j)] +=
                double{a[static_cast<std::size_t>(i * K + k)]} * double{b[static_cast<std::size_t>(k * 8 + j)]};
      const Buffer<float> av(exec(), a), bv(exec(), b), dv(exec(), d);
      launch(std::get<GpuExec>(exec()), "multiply", multiply, kOneWarp, kind, av.data(), bv.data(), dv.data());
      const double error = rel_l2(dv.values(exec()), want), step = K == 16 || kind != Kind::tf32_k8 ? 0x1p-8 : 0x1p-11;
      EXPECT_LE(error, whole ? 0 : step) << static_cast<int>(kind);
      EXPECT_GT(error, whole ? -1 : 1e-5) << "rounded as if it were float: " << static_cast<int>(kind);
    }
  }
}

}  // namespace
}  // namespace cutract::test
