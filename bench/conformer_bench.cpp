#include <fmt/format.h>

#include <memory>

#include "bench/bench.h"
#include "kernels/depthwise_conv.h"
#include "kernels/glu.h"
#include "kernels/group_norm.h"
#include "tests/oracle/depthwise_conv.h"
#include "tests/oracle/glu.h"
#include "tests/oracle/group_norm.h"

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

Prepared prepare_depthwise_conv(Exec& ex, const std::vector<std::int32_t>& lengths, Index C, Index K, bool backward) {
  struct Data {
    RaggedOn ragged;
    Floats x, w, b, y, dy, dx, dw, db;
  };
  const Index N = frames_of(lengths);
  const auto d = std::make_shared<Data>(Data{{ex, lengths},
                                             random_on(ex, N * C, 1),
                                             random_on(ex, C * K, 2, 0.3),
                                             random_on(ex, C, 3),
                                             zeros_on(ex, N * C),
                                             random_on(ex, N * C, 4),
                                             zeros_on(ex, N * C),
                                             zeros_on(ex, C * K),
                                             zeros_on(ex, C)});
  const auto host = [&](const Floats& v) { return to_double(v.values(ex)); };
  const oracle::DepthwiseConv conv{static_cast<int>(C), static_cast<int>(K), host(d->w), host(d->b)};
  const double n = static_cast<double>(N), c = static_cast<double>(C), k = static_cast<double>(K);
  if (!backward) {
    const auto run = [=, &ex] {
      depthwise_conv(ex, {rows(d->x, C), d->ragged.view(), rows(d->w, K), d->b.view(), rows(d->y, C)});
    };
    run();
    return {run,
            {.frames = n, .flops = 2 * n * c * k, .bytes = 8 * n * c},
            compare("y", d->y.values(ex), oracle::depthwise_conv(conv, lengths, host(d->x)), 2e-6),
            {}};
  }
  const auto run = [=, &ex] {
    depthwise_conv_backward(ex, {rows(d->x, C), d->ragged.view(), rows(d->w, K), rows(d->dy, C), rows(d->dx, C),
                                 rows(d->dw, K), d->db.view()});
  };
  run();
  const auto want = oracle::depthwise_conv_gradient(conv, lengths, host(d->x), host(d->dy));
  std::string wrong = compare("dx", d->dx.values(ex), want.dx, 1e-5);
  if (wrong.empty()) wrong = compare("dw", d->dw.values(ex), want.dw, 1e-5);
  if (wrong.empty()) wrong = compare("db", d->db.values(ex), want.db, 1e-5);
  return {run, {.frames = n, .flops = 4 * n * c * k, .bytes = 16 * n * c}, wrong, {}};
}

Prepared prepare_group_norm(Exec& ex, const std::vector<std::int32_t>& lengths, Index C, bool backward) {
  struct Data {
    RaggedOn ragged;
    Floats x, w, b, y, stats, dy, dx, dw, db;
  };
  const Index N = frames_of(lengths);
  const auto d = std::make_shared<Data>(Data{{ex, lengths},
                                             random_on(ex, N * C, 1),
                                             random_on(ex, C, 2),
                                             random_on(ex, C, 3),
                                             zeros_on(ex, N * C),
                                             zeros_on(ex, std::ssize(lengths) * 3),
                                             random_on(ex, N * C, 4),
                                             zeros_on(ex, N * C),
                                             zeros_on(ex, C),
                                             zeros_on(ex, C)});
  const auto host = [&](const Floats& v) { return to_double(v.values(ex)); };
  const oracle::GroupNorm norm{host(d->w), host(d->b)};
  const double n = static_cast<double>(N), c = static_cast<double>(C);
  const auto forward = [=, &ex] {
    group_norm(ex, {rows(d->x, C), d->ragged.view(), d->w.view(), d->b.view(), rows(d->y, C), rows(d->stats, 3)});
  };
  forward();
  if (!backward)
    return {forward,
            {.frames = n, .bytes = 8 * n * c},
            compare("y", d->y.values(ex), oracle::group_norm(norm, lengths, host(d->x)), 2e-6),
            {}};
  const auto run = [=, &ex] {
    group_norm_backward(ex, {rows(d->x, C), d->ragged.view(), d->w.view(), rows(d->stats, 3), rows(d->dy, C),
                             rows(d->dx, C), d->dw.view(), d->db.view()});
  };
  run();
  const auto want = oracle::group_norm_gradient(norm, lengths, host(d->x), host(d->dy));
  std::string wrong = compare("dx", d->dx.values(ex), want.dx, 1e-5);
  if (wrong.empty()) wrong = compare("dw", d->dw.values(ex), want.dw, 1e-5);
  if (wrong.empty()) wrong = compare("db", d->db.values(ex), want.db, 1e-5);
  return {run, {.frames = n, .bytes = 12 * n * c}, wrong, {}};
}

}  // namespace

void add_conformer(Cases& cases) {
  constexpr Index C = 256, K = 31;
  for (const Device device : {Device::cpu, Device::gpu})
    for (const bool backward : {false, true}) {
      const auto add = [&](const std::string& op, const std::string& shape, Size size, Prepare prepare) {
        cases.push_back({op_name(op + (backward ? "_backward" : ""), device, shape), device, size, std::move(prepare)});
      };
      for (const Index N : {20, 19848})  // frames: the smoke test, and the batch of report_training.sh
        add("glu", fmt::format("N:{}/C:{}", N, C), N == 20 ? Size::smallest : Size::standard,
            [=](Exec& ex) { return prepare_glu(ex, N, C, backward); });
      const auto add_ragged = [&](Index B, Index T, bool ragged) {
        const std::string shape = fmt::format("B:{}/T:{}/C:{}{}", B, T, C, ragged ? "/ragged" : "");
        const Size size = B > 3 ? Size::standard : Size::smallest;
        add("depthwise_conv", shape + fmt::format("/K:{}", K), size,
            [=](Exec& ex) { return prepare_depthwise_conv(ex, lengths_of(B, T, ragged), C, K, backward); });
        add("group_norm", shape, size,
            [=](Exec& ex) { return prepare_group_norm(ex, lengths_of(B, T, ragged), C, backward); });
      };
      add_ragged(3, 20, true);
      add_ragged(8, 2481, false);
      add_ragged(32, 300, true);
    }
}

}  // namespace cutract::bench
