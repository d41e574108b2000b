#include "kernels/frontend/splice.h"

#include <string>

#include "host/core/error.h"

namespace cutract {

void splice(Exec& ex, const SpliceArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1];
  if (F < 1 || a.y.shape[1] % F != 0 || a.y.shape[1] / F % 2 != 1)
    fail(Fault::internal, "splice.y: has " + std::to_string(a.y.shape[1]) + " columns, expected an odd multiple of " +
                              std::to_string(F));
  expect_shape("splice.y", a.y, {T, a.y.shape[1]});
  if (std::holds_alternative<CpuExec>(ex)) expect_starts("splice.starts", a.starts, T);
  std::visit([&](auto& on) { splice(on, a); }, ex);
}

}  // namespace cutract
