// Deltas, splice and dct, which the front end applies after the mel filters, compared with their definitions.
#include <cmath>

#include "kernels/frontend/dct.h"
#include "kernels/frontend/deltas.h"
#include "kernels/frontend/splice.h"
#include "tests/kernels/on_each_device.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

class FrameOps : public OnEachDevice {};

std::size_t at(Index row, Index width, Index column) { return static_cast<std::size_t>(row * width + column); }
Index inside(Index t, Index T) { return t < 0 ? 0 : t >= T ? T - 1 : t; }

// Slopes by their definition: the slope of the least-squares line through 2 n + 1 points. Each order is computed from
// the rounded previous one, as in the op.
TEST_P(FrameOps, DeltasAreSlopes) {
  Rng rng(21);
  for (const Index T : {1, 2, 5, 33, 301})
    for (const Index F : {1, 13, 40})
      for (const Index n : {1, 2, 4})
        for (const Index orders : {0, 1, 2}) {
          const std::vector<float> x = rng.normals(T * F);
          const Index width = F * (1 + orders);
          Block<float> in(exec(), x), out(exec(), T * width);
          deltas(exec(), {in.view<2>({T, F}), n, out.view<2>({T, width})});
          const std::vector<float> y = out.values();
          std::vector<double> got, want;
          for (Index t = 0; t < T; ++t)
            for (Index f = 0; f < width; ++f) {
              double sum_tt = 0, sum_ty = 0;
              for (Index i = -n; i <= n; ++i) {
                sum_tt += static_cast<double>(i * i);
                if (f >= F) sum_ty += static_cast<double>(i) * double{y[at(inside(t + i, T), width, f - F)]};
              }
              got.push_back(double{y[at(t, width, f)]});
              want.push_back(f < F ? double{x[at(t, F, f)]} : sum_ty / sum_tt);
            }
          ASSERT_TRUE(rel_l2(got, want) <= 5e-8) << T << " x " << F << ", n " << n << ": " << rel_l2(got, want);
        }
}

TEST_P(FrameOps, DeltasOfALineAreItsSlope) {
  std::vector<float> x;
  for (int t = 0; t < 9; ++t) x.push_back(0.25f * static_cast<float>(t));
  Block<float> in(exec(), x), out(exec(), Index{18});
  deltas(exec(), {in.view<2>({9, 1}), 2, out.view<2>({9, 2})});
  for (Index t = 2; t < 7; ++t) EXPECT_EQ(out.values()[at(t, 2, 1)], 0.25f);
}

TEST_P(FrameOps, SpliceLaysNeighboursSideBySide) {
  Rng rng(22);
  for (const Index T : {1, 2, 5, 33, 301})
    for (const Index F : {1, 13, 40})
      for (const Index n : {0, 1, 5}) {
        const std::vector<float> x = rng.normals(T * F);
        const Index width = F * (2 * n + 1);
        Block<float> in(exec(), x), out(exec(), T * width);
        splice(exec(), {in.view<2>({T, F}), out.view<2>({T, width})});
        std::vector<float> want;
        for (Index t = 0; t < T; ++t)
          for (Index i = -n; i <= n; ++i)
            for (Index f = 0; f < F; ++f) want.push_back(x[at(inside(t + i, T), F, f)]);
        ASSERT_TRUE(same_bits(out.values(), want)) << T << " x " << F << ", n " << n;
      }
}

TEST_P(FrameOps, DctIsAProductWithTheBasis) {
  Rng rng(23);
  for (const Index T : {1, 2, 255, 257, 600})
    for (const Index M : {1, 23, 80})
      for (const Index C : {1, 13}) {
        const std::vector<float> x = rng.normals(T * M);
        std::vector<double> basis(static_cast<std::size_t>(C * M)), want;
        for (auto& v : basis) v = rng.normal();
        Block<float> in(exec(), x), out(exec(), T * C);
        Block<double> table(exec(), basis);
        dct(exec(), {in.view<2>({T, M}), table.view<2>({C, M}), out.view<2>({T, C})});
        for (Index t = 0; t < T; ++t)
          for (Index c = 0; c < C; ++c) {
            double sum = 0;
            for (Index m = 0; m < M; ++m) sum += basis[at(c, M, m)] * double{x[at(t, M, m)]};
            want.push_back(sum);
          }
        EXPECT_REL_L2(out.values(), want, 6e-8);
      }
}

TEST_P(FrameOps, TakeNoFrames) {
  Block<float> none(exec(), Index{0});
  Block<double> basis(exec(), Index{6});
  deltas(exec(), {none.view<2>({0, 3}), 2, none.view<2>({0, 6})});
  splice(exec(), {none.view<2>({0, 3}), none.view<2>({0, 9})});
  dct(exec(), {none.view<2>({0, 3}), basis.view<2>({2, 3}), none.view<2>({0, 2})});
}

CUTRACT_ON_EACH_DEVICE(FrameOps);

}  // namespace
}  // namespace cutract::test
