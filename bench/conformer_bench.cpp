#include <fmt/format.h>

#include <memory>

#include "bench/bench.h"
#include "kernels/glu.h"
#include "tests/oracle/glu.h"

// The ops that conformers need beside linear layers, attention and normalisation of rows. Each is checked and timed on
// the same, whole problem.
namespace cutract::bench {
namespace {

using Floats = Buffer<float>;

View<float, 2> rows(const Floats& v, Index cols) { return {v.data(), {v.size() / cols, cols}}; }

Prepared prepare_glu(Exec& ex, Index N, Index C, bool backward) {
  struct Data {
    Floats x, y, dy, dx;
  };
  const auto d = std::make_shared<Data>(
      Data{random_on(ex, N * 2 * C, 1, 3), zeros_on(ex, N * C), random_on(ex, N * C, 2), zeros_on(ex, N * 2 * C)});
  const auto columns = static_cast<std::size_t>(C);
  const std::vector<double> x = to_double(d->x.values(ex));
  const double n = static_cast<double>(N), c = static_cast<double>(C);
  if (!backward) {
    const auto run = [=, &ex] { glu(ex, {rows(d->x, 2 * C), rows(d->y, C)}); };
    run();
    return {run, {.frames = n, .bytes = 12 * n * c}, compare("y", d->y.values(ex), oracle::glu(x, columns), 2e-6), {}};
  }
  const auto run = [=, &ex] { glu_backward(ex, {rows(d->x, 2 * C), rows(d->dy, C), rows(d->dx, 2 * C)}); };
  run();
  const std::vector<double> want = oracle::glu_gradient(x, to_double(d->dy.values(ex)), columns);
  return {run, {.frames = n, .bytes = 20 * n * c}, compare("dx", d->dx.values(ex), want, 1e-5), {}};
}

}  // namespace

void add_conformer(Cases& cases) {
  constexpr Index C = 256;
  for (const Device device : {Device::cpu, Device::gpu})
    for (const bool backward : {false, true}) {
      const std::string ending = backward ? "_backward" : "";
      for (const Index N : {20, 19848})  // frames: the smoke test, and the batch of report_training.sh
        cases.push_back({op_name("glu" + ending, device, fmt::format("N:{}/C:{}", N, C)), device,
                         N == 20 ? Size::smallest : Size::standard,
                         [=](Exec& ex) { return prepare_glu(ex, N, C, backward); }});
    }
}

}  // namespace cutract::bench
