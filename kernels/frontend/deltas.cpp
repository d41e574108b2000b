#include "kernels/frontend/deltas.h"

#include <string>

#include "host/core/error.h"

namespace cutract {

void deltas(Exec& ex, const DeltasArgs& a) {
  const Index T = a.x.shape[0], F = a.x.shape[1];
  const Index C = a.y.shape[1];
  const bool fits =
      a.orders < 0 ? a.first == 0 && C >= F && C % F == 0 : a.first >= 0 && a.first + F * (1 + a.orders) <= C;
  if (F < 1 || a.n < 1 || !fits)
    fail(Fault::internal, "deltas: n is " + std::to_string(a.n) + ", columns " + std::to_string(F) + " to " +
                              std::to_string(C) + ", expected n >= 1 and room for the columns and their orders");
  expect_shape("deltas.y", a.y, {T, a.y.shape[1]});
  if (std::holds_alternative<CpuExec>(ex)) expect_starts("deltas.starts", a.starts, T);
  std::visit([&](auto& on) { deltas(on, a); }, ex);
}

}  // namespace cutract
