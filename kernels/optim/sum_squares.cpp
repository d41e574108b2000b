#include "kernels/optim/sum_squares.h"

namespace cutract {

void sum_squares(Exec& ex, const SumSquaresArgs& a) {
  expect_shape("sum_squares.value", a.value, {1});
  std::visit([&](auto& on) { sum_squares(on, a); }, ex);
}

}  // namespace cutract
