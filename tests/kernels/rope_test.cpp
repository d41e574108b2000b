#include "kernels/attention/rope.h"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/rope.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

struct Batch {
  std::vector<std::int32_t> lengths;
  Index A, K, N = 0;
  std::vector<float> qkv;

  Batch(std::vector<std::int32_t> of, Index heads, Index wide, std::uint64_t seed)
      : lengths(std::move(of)), A(heads), K(wide) {
    for (const std::int32_t n : lengths) N += n;
    qkv = Rng(seed).normals(N * 3 * A * K);
  }
};

std::vector<float> run(Exec& ex, const Batch& c, bool inverse) {
  Block<float> qkv(ex, c.qkv);
  RaggedBlock ragged(ex, c.lengths);
  rope(ex, {qkv.view<4>({c.N, 3, c.A, c.K}), ragged.view(), inverse});
  return qkv.values();
}

std::vector<double> judge(const Batch& c, double sign) {
  std::vector<double> out = to_double(c.qkv);
  std::ptrdiff_t at = 0;
  for (const std::int32_t length : c.lengths)
    for (std::int32_t t = 0; t < length; ++t, at += c.A * c.K)  // skips the values
      for (Index head = 0; head < 2 * c.A; ++head, at += c.K) {
        const std::vector<double> turned = oracle::rope({out.begin() + at, out.begin() + at + c.K}, sign * t);
        std::copy(turned.begin(), turned.end(), out.begin() + at);
      }
  return out;
}

class RopeOp : public OnEachDevice {};

TEST_P(RopeOp, AgreesWithTheOracle) {
  for (const Batch& c : {Batch({9, 4, 1}, 2, 6, 1), Batch({33, 31}, 4, 32, 2), Batch({40}, 1, 64, 3)}) {
    EXPECT_REL_L2(run(exec(), c, false), judge(c, 1), 2e-7);
    EXPECT_REL_L2(run(exec(), c, true), judge(c, -1), 2e-7);
  }
}

// An angle in float would be wrong by a thousandth of a turn here.
TEST_P(RopeOp, KeepsItsAccuracyFarFromTheBeginning) {
  const Batch c({25'000}, 1, 4, 4);
  EXPECT_REL_L2(run(exec(), c, false), judge(c, 1), 2e-7);
}

// What attention sees, the product of a query and a key, depends on the distance of their frames alone.
TEST_P(RopeOp, ProductsDependOnTheDistance) {
  Batch c({50}, 1, 32, 5);
  for (Index t = 1; t < c.N; ++t) std::copy_n(c.qkv.begin(), 96, c.qkv.begin() + t * 96);
  const std::vector<float> out = run(exec(), c, false);
  const auto product = [&](Index query, Index key) {
    double sum = 0;
    for (Index i = 0; i < 32; ++i)
      sum += static_cast<double>(out[static_cast<std::size_t>(query * 96 + i)]) *
             static_cast<double>(out[static_cast<std::size_t>(key * 96 + 32 + i)]);
    return sum;
  };
  EXPECT_NEAR(product(3, 10), product(40, 47), 1e-4);
  EXPECT_GT(std::abs(product(3, 10) - product(10, 3)), 1e-2);
}

TEST_P(RopeOp, SameBitsForAnyThreadCount) {
  const Batch c({70, 50, 3}, 2, 32, 6);
  const std::vector<float> one = run(exec(), c, false);
  for (Exec& other : others()) EXPECT_BITWISE(run(other, c, false), one);
}

TEST_P(RopeOp, WrongShapesAreNamed) {
  Block<float> qkv(exec(), Index{18});
  RaggedBlock ragged(exec(), {2});
  EXPECT_FAULT(rope(exec(), {qkv.view<4>({2, 3, 1, 3}), ragged.view()}), Fault::internal,
               "rope.qkv: shape is [2,3,1,3], expected [2,3,1,2]");
}

CUTRACT_ON_EACH_DEVICE(RopeOp);

}  // namespace
}  // namespace cutract::test
