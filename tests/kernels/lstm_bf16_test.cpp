#include <cstdio>

#include "kernels/lstm.h"
#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

constexpr double kBf16 = 2e-2;

class LstmBf16 : public OnEachDevice {
 protected:
  void expect_like_oracle(const LstmCase& in) {
    const Named<float> got = run_lstm(exec(), in, {.precision = Precision::bf16});
    for (const auto& [name, want] : oracle_lstm(in).all) {
      EXPECT_REL_L2(got[name], want, kBf16) << name;
      std::printf("%s %g\n", name.c_str(), rel_l2(got[name], want));
    }
  }
};

TEST_P(LstmBf16, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index H : {64, 128})
    for (const Index B : {1, 7, 8, 9, 20}) expect_like_oracle(random_lstm(rng, ragged_lengths(rng, B, 23), 20, H, 2));
}

CUTRACT_ON_EACH_DEVICE(LstmBf16);

}  // namespace
}  // namespace cutract::test
