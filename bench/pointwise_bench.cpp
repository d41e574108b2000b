#include <fmt/format.h>

#include <memory>

#include "bench/bench.h"
#include "kernels/adam.h"
#include "kernels/dropout.h"
#include "kernels/linear.h"
#include "kernels/loss.h"
#include "kernels/sum_squares.h"
#include "tests/oracle/adam.h"
#include "tests/oracle/dropout.h"
#include "tests/oracle/linear.h"
#include "tests/oracle/loss.h"

// The ops that are neither recurrent nor of the front end. Each is timed as it was checked: the whole problem.
namespace cutract::bench {
namespace {

using Floats = std::vector<float>;

View<const float, 2> in(const Floats& v, Index cols) { return {v.data(), {static_cast<Index>(v.size()) / cols, cols}}; }
View<float, 2> out(Floats& v, Index cols) { return {v.data(), {static_cast<Index>(v.size()) / cols, cols}}; }
View<const float, 1> in(const Floats& v) { return {v.data(), {static_cast<Index>(v.size())}}; }
View<float, 1> out(Floats& v) { return {v.data(), {static_cast<Index>(v.size())}}; }
Floats zeros(Index n) { return Floats(static_cast<std::size_t>(n)); }

Prepared prepare_linear(Exec& ex, Index N, Index I, Index O, bool backward) {
  struct Data {
    Floats x, w, b, y, dy, dx, dw, db;
  };
  const auto d = std::make_shared<Data>(Data{random(N * I, 1), random(O * I, 2, 0.1), random(O, 3), zeros(N * O),
                                             random(N * O, 4), zeros(N * I), zeros(O * I), zeros(O)});
  const auto forward = [=, &ex] { linear(ex, {in(d->x, I), in(d->w, I), in(d->b), out(d->y, O)}); };
  const auto back = [=, &ex] {
    linear_backward(ex, {in(d->x, I), in(d->w, I), in(d->dy, O), out(d->dx, I), out(d->dw, I), out(d->db)});
  };
  const oracle::Linear l{static_cast<std::size_t>(I), static_cast<std::size_t>(O), to_double(d->w), to_double(d->b)};
  const double n = static_cast<double>(N), i = static_cast<double>(I), o = static_cast<double>(O);
  if (!backward) {
    forward();
    return {forward,
            {.frames = n, .flops = 2 * n * i * o, .bytes = 4 * (n * i + n * o + i * o)},
            compare("y", d->y, oracle::linear(l, to_double(d->x)), 2e-6),
            {}};
  }
  back();
  const auto want = oracle::linear_gradient(l, to_double(d->x), to_double(d->dy));
  std::string wrong = compare("dx", d->dx, want.dx, 1e-5);
  if (wrong.empty()) wrong = compare("dw", d->dw, want.dw, 1e-5);
  if (wrong.empty()) wrong = compare("db", d->db, want.db, 1e-5);
  return {back, {.frames = n, .flops = 4 * n * i * o, .bytes = 4 * (2 * n * i + n * o + 3 * i * o)}, wrong, {}};
}

Prepared prepare_adam(Exec& ex, Index n) {
  struct Data {
    Floats p, g, m, v;
    Index step = 0;
  };
  const auto d = std::make_shared<Data>(Data{random(n, 1), random(n, 2), zeros(n), zeros(n)});
  oracle::Adam want{.theta = to_double(d->p)};
  want.step(to_double(d->g));
  const auto run = [=, &ex] {
    adam(ex, {.p = out(d->p), .g = in(d->g), .m = out(d->m), .v = out(d->v), .step = ++d->step});
  };
  run();
  std::string wrong = compare("p", d->p, want.theta, 1e-6);
  if (wrong.empty()) wrong = compare("v", d->v, want.v, 1e-6);
  return {run, {.flops = 12.0 * static_cast<double>(n), .bytes = 28.0 * static_cast<double>(n)}, wrong, {}};
}

Prepared prepare_sum_squares(Exec& ex, Index n) {
  const auto x = std::make_shared<Floats>(random(n, 1));
  const auto value = std::make_shared<double>(0);
  const auto run = [=, &ex] { sum_squares(ex, {in(*x), {value.get(), {1}}}); };
  run();
  double want = 0;
  for (const float v : *x) want += static_cast<double>(v) * static_cast<double>(v);
  return {run,
          {.flops = 2.0 * static_cast<double>(n), .bytes = 4.0 * static_cast<double>(n)},
          compare("value", {static_cast<float>(*value)}, {want}, 1e-7),
          {}};
}

Prepared prepare_loss(Exec& ex, Index N, LossKind kind) {
  constexpr Index P = 14;
  struct Data {
    Floats y, target, dy;
    double value = 0;
  };
  const auto d = std::make_shared<Data>(Data{random(N * P, 1), random(N * P, 2), zeros(N * P)});
  const auto run = [=, &ex] { loss(ex, {kind, in(d->y, P), in(d->target, P), out(d->dy, P), {&d->value, {1}}}); };
  run();
  const auto want = (kind == LossKind::mse ? oracle::mse : oracle::mae)(to_double(d->y), to_double(d->target));
  std::string wrong = compare("dy", d->dy, want.dy, 1e-6);
  if (wrong.empty()) wrong = compare("value", {static_cast<float>(d->value)}, {want.value}, 1e-6);
  const double n = static_cast<double>(N);
  return {run, {.frames = n, .flops = 4 * n * P, .bytes = 12 * n * P}, wrong, {}};
}

Prepared prepare_dropout(Exec& ex, const std::vector<std::int32_t>& lengths, Index C) {
  constexpr float kP = 0.3f;
  constexpr std::uint64_t kKey = 42;
  struct Data {
    RaggedBatch ragged;
    Floats x, y;
    std::vector<std::uint32_t> uid;
  };
  const Index N = frames_of(lengths);
  const auto d = std::make_shared<Data>(Data{RaggedBatch(lengths), random(N * C, 1), zeros(N * C), {}});
  std::vector<double> want;
  for (const Index T : lengths) {
    d->uid.push_back(static_cast<std::uint32_t>(7 + d->uid.size()));
    for (Index t = 0; t < T; ++t)
      for (Index c = 0; c < C; ++c) {
        const double x = static_cast<double>(d->x[want.size()]);
        const bool kept = oracle::dropout_keeps(kKey, d->uid.back(), static_cast<std::uint64_t>(t),
                                                static_cast<std::uint64_t>(c), kP);
        want.push_back(kept ? x / (1 - static_cast<double>(kP)) : 0.0);
      }
  }
  const auto run = [=, &ex] {
    const View<const std::uint32_t, 1> uid(d->uid.data(), {static_cast<Index>(d->uid.size())});
    dropout(ex, {in(d->x, C), d->ragged.view(), uid, kKey, kP, out(d->y, C)});
  };
  run();
  const double n = static_cast<double>(N), c = static_cast<double>(C);
  return {run, {.frames = n, .flops = n * c, .bytes = 8 * n * c}, compare("y", d->y, want, 1e-6), {}};
}

}  // namespace

void add_pointwise(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu}) {
    const auto add = [&](const std::string& op, const std::string& shape, bool standard, Prepare prepare) {
      cases.push_back({op_name(op, device, shape), device, standard, std::move(prepare)});
    };
    for (const Index N : {20, 9600, 19848}) {  // frames: the smoke test's, 32 short utterances, the report's batch
      const bool standard = N == 19848;
      for (const Index H : {128, 256}) {
        const std::string shape = fmt::format("N:{}/I:{}/O:14", N, 2 * H);
        add("linear", shape, standard && H == 128, [=](Exec& ex) { return prepare_linear(ex, N, 2 * H, 14, false); });
        add("linear_backward", shape, standard && H == 128,
            [=](Exec& ex) { return prepare_linear(ex, N, 2 * H, 14, true); });
      }
      add("loss_mse", fmt::format("N:{}/P:14", N), standard,
          [=](Exec& ex) { return prepare_loss(ex, N, LossKind::mse); });
      add("loss_mae", fmt::format("N:{}/P:14", N), false, [=](Exec& ex) { return prepare_loss(ex, N, LossKind::mae); });
    }
    for (const Index n : {20, 613902, 10000000}) {  // parameters: the baseline has 613,902
      add("adam", fmt::format("n:{}", n), n == 613902, [=](Exec& ex) { return prepare_adam(ex, n); });
      add("sum_squares", fmt::format("n:{}", n), n == 613902, [=](Exec& ex) { return prepare_sum_squares(ex, n); });
    }
    const auto add_dropout = [&](Index B, Index T, bool ragged) {
      add("dropout", fmt::format("B:{}/T:{}/C:256{}", B, T, ragged ? "/ragged" : ""), B > 3,
          [=](Exec& ex) { return prepare_dropout(ex, lengths_of(B, T, ragged), 256); });
    };
    add_dropout(3, 20, true);
    add_dropout(8, 2481, false);
    add_dropout(32, 300, true);
  }
}

}  // namespace cutract::bench
