#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "bench/bench.h"
#include "kernels/activation.h"
#include "kernels/dropout.h"
#include "kernels/linear.h"
#include "kernels/loss.h"
#include "kernels/optim/adam.h"
#include "kernels/optim/step_scalars.h"
#include "kernels/optim/sum_squares.h"
#include "tests/oracle/activation.h"
#include "tests/oracle/adam.h"
#include "tests/oracle/dropout.h"
#include "tests/oracle/linear.h"
#include "tests/oracle/loss.h"

// The ops that are neither recurrent nor part of the front end. Each is checked and timed on the same, whole problem.
namespace cutract::bench {
namespace {

using Floats = Buffer<float>;

View<float, 2> rows(const Floats& v, Index cols) { return {v.data(), {v.size() / cols, cols}}; }

Prepared prepare_linear(Exec& ex, Index N, Index I, Index O, bool backward) {
  struct Data {
    Floats x, w, b, y, dy, dx, dw, db;
  };
  const auto d = std::make_shared<Data>(Data{random_on(ex, N * I, 1), random_on(ex, O * I, 2, 0.1), random_on(ex, O, 3),
                                             zeros_on(ex, N * O), random_on(ex, N * O, 4), zeros_on(ex, N * I),
                                             zeros_on(ex, O * I), zeros_on(ex, O)});
  const auto forward = [=, &ex] { linear(ex, {rows(d->x, I), rows(d->w, I), d->b.view(), rows(d->y, O)}); };
  const auto back = [=, &ex] {
    linear_backward(ex, {rows(d->x, I), rows(d->w, I), rows(d->dy, O), rows(d->dx, I), rows(d->dw, I), d->db.view()});
  };
  const auto host = [&](const Floats& v) { return to_double(v.values(ex)); };
  const oracle::Linear l{static_cast<std::size_t>(I), static_cast<std::size_t>(O), host(d->w), host(d->b)};
  const double n = static_cast<double>(N), i = static_cast<double>(I), o = static_cast<double>(O);
  if (!backward) {
    forward();
    return {forward,
            {.frames = n, .flops = 2 * n * i * o, .bytes = 4 * (n * i + n * o + i * o)},
            compare("y", d->y.values(ex), oracle::linear(l, host(d->x)), 2e-6),
            {}};
  }
  back();
  const auto want = oracle::linear_gradient(l, host(d->x), host(d->dy));
  std::string wrong = compare("dx", d->dx.values(ex), want.dx, 1e-5);
  if (wrong.empty()) wrong = compare("dw", d->dw.values(ex), want.dw, 1e-5);
  if (wrong.empty()) wrong = compare("db", d->db.values(ex), want.db, 1e-5);
  return {back, {.frames = n, .flops = 4 * n * i * o, .bytes = 4 * (2 * n * i + n * o + 3 * i * o)}, wrong, {}};
}

Prepared prepare_adam(Exec& ex, Index n) {
  struct Data {
    Floats p, g, m, v;
    Buffer<AdamStep> scalars;
  };
  const auto d = std::make_shared<Data>(Data{random_on(ex, n, 1), random_on(ex, n, 2), zeros_on(ex, n), zeros_on(ex, n),
                                             Buffer<AdamStep>(ex, std::vector{adam_step({}, 1e-3, 1, 1)})});
  oracle::Adam want{.theta = to_double(d->p.values(ex))};
  want.step(to_double(d->g.values(ex)));
  const auto run = [=, &ex] { adam(ex, {d->p.view(), d->g.view(), d->m.view(), d->v.view(), d->scalars.view()}); };
  run();
  std::string wrong = compare("p", d->p.values(ex), want.theta, 1e-6);
  if (wrong.empty()) wrong = compare("v", d->v.values(ex), want.v, 1e-6);
  return {run, {.flops = 12.0 * static_cast<double>(n), .bytes = 28.0 * static_cast<double>(n)}, wrong, {}};
}

Prepared prepare_activation(Exec& ex, Index N, Index C) {
  const std::vector<float> given = random(N * C, 1);
  const auto x = std::make_shared<Floats>(ex, given);
  const auto y = std::make_shared<Floats>(zeros_on(ex, N * C));
  const auto run = [=, &ex] { activation(ex, {Activation::gelu, rows(*x, C), rows(*y, C)}); };
  run();
  std::vector<double> want;
  for (const float v : given) want.push_back(oracle::activation("gelu", static_cast<double>(v)));
  const double n = static_cast<double>(N * C);
  return {run, {.frames = static_cast<double>(N), .bytes = 8 * n}, compare("y", y->values(ex), want, 1e-6), {}};
}

// A gradient of norm 3 that is clipped to 1, before the first step.
Prepared prepare_step_scalars(Exec& ex) {
  struct Data {
    Buffer<double> lr, sums;
    RaggedOn ragged;
    Buffer<StepRecord> record;
    Buffer<AdamStep> scalars;
  };
  const auto d = std::make_shared<Data>(Data{{ex, std::vector{1e-3}},
                                             {ex, std::vector{0.5, 9.0}},
                                             {ex, std::vector<std::int32_t>{20}},
                                             {ex, std::vector{StepRecord{}}},
                                             {ex, 1}});
  const auto run = [=, &ex] {
    step_scalars(ex, {{}, 1, d->lr.view(), d->sums.view(), d->ragged.view(), d->record.view(), {}, d->scalars.view()});
  };
  run();
  const AdamStep s = d->scalars.values(ex)[0];
  const StepRecord r = d->record.values(ex)[0];
  std::string wrong = compare("scalars", {s.grad_scale, s.rate, s.inv_root_bias2},
                              {1 / (3 + 1e-6), 1e-3 / (1 - 0.9), 1 / std::sqrt(1 - 0.999)}, 1e-6);
  if (wrong.empty() && !(r.steps == 1 && r.frames == 20 && r.loss_sum == 10 && r.grad_norm == 3))
    wrong = "record: not that of one step of 20 frames";
  return {run, {.bytes = 2.0 * sizeof(StepRecord) + sizeof(AdamStep)}, wrong, {}, ""};
}

Prepared prepare_sum_squares(Exec& ex, Index n) {
  const std::vector<float> given = random(n, 1);
  const auto x = std::make_shared<Floats>(ex, given);
  const auto value = std::make_shared<Buffer<double>>(ex, 1);
  const auto run = [=, &ex] { sum_squares(ex, {x->view(), value->view()}); };
  run();
  double want = 0;
  for (const float v : given) want += static_cast<double>(v) * static_cast<double>(v);
  return {run,
          {.flops = 2.0 * static_cast<double>(n), .bytes = 4.0 * static_cast<double>(n)},
          compare("value", {static_cast<float>(value->values(ex)[0])}, {want}, 1e-7),
          {}};
}

Prepared prepare_loss(Exec& ex, Index N, LossKind kind) {
  constexpr Index P = 14;
  struct Data {
    Floats y, target, dy;
    RaggedOn ragged;
    Buffer<double> value;
  };
  const auto d =
      std::make_shared<Data>(Data{random_on(ex, N * P, 1), random_on(ex, N * P, 2), zeros_on(ex, N * P),
                                  RaggedOn(ex, std::vector{static_cast<std::int32_t>(N)}), Buffer<double>(ex, 1)});
  const auto run = [=, &ex] {
    loss(ex, {kind, rows(d->y, P), rows(d->target, P), d->ragged.view(), rows(d->dy, P), d->value.view()});
  };
  run();
  const std::vector<double> y = to_double(d->y.values(ex)), target = to_double(d->target.values(ex));
  const oracle::Loss want = kind == LossKind::ccc   ? oracle::ccc(y, target, {static_cast<int>(N)}, P)
                            : kind == LossKind::mse ? oracle::mse(y, target)
                                                    : oracle::mae(y, target);
  std::string wrong = compare("dy", d->dy.values(ex), want.dy, 1e-6);
  if (wrong.empty()) wrong = compare("value", {static_cast<float>(d->value.values(ex)[0])}, {want.value}, 1e-6);
  const double n = static_cast<double>(N);
  return {run, {.frames = n, .flops = 4 * n * P, .bytes = 12 * n * P}, wrong, {}};
}

Prepared prepare_dropout(Exec& ex, const std::vector<std::int32_t>& lengths, Index C) {
  constexpr float kP = 0.3f;
  constexpr std::uint64_t kSeed = 42;
  constexpr Index kStep = 7;
  const std::uint64_t key = derive_key(kSeed, kStep, 0);
  struct Data {
    RaggedOn ragged;
    Floats x, y;
    Buffer<std::uint32_t> uid;
    Buffer<Index> step;
  };
  const Index N = frames_of(lengths);
  const std::vector<float> given = random(N * C, 1);
  std::vector<std::uint32_t> uid;
  std::vector<double> want;
  for (const Index T : lengths) {
    uid.push_back(static_cast<std::uint32_t>(7 + uid.size()));
    for (Index t = 0; t < T; ++t)
      for (Index c = 0; c < C; ++c) {
        const double x = static_cast<double>(given[want.size()]);
        const bool kept =
            oracle::dropout_keeps(key, uid.back(), static_cast<std::uint64_t>(t), static_cast<std::uint64_t>(c), kP);
        want.push_back(kept ? x / (1 - static_cast<double>(kP)) : 0.0);
      }
  }
  const auto d = std::make_shared<Data>(
      Data{{ex, lengths}, {ex, given}, zeros_on(ex, N * C), {ex, uid}, {ex, std::vector{kStep}}});
  const auto run = [=, &ex] {
    dropout(ex, {rows(d->x, C), d->ragged.view(), d->uid.view(), kSeed, 0, d->step.view(), kP, rows(d->y, C)});
  };
  run();
  const double n = static_cast<double>(N), c = static_cast<double>(C);
  return {run, {.frames = n, .flops = n * c, .bytes = 8 * n * c}, compare("y", d->y.values(ex), want, 1e-6), {}};
}

Size size_of(Index n, Index standard) { return n == 20 ? Size::smallest : n == standard ? Size::standard : Size::more; }

}  // namespace

void add_pointwise(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu}) {
    const auto add = [&](const std::string& op, const std::string& shape, Size size, Prepare prepare) {
      cases.push_back({op_name(op, device, shape), device, size, std::move(prepare)});
    };
    // N is in frames: the smoke test, 32 short utterances, and the batch of report_training.sh.
    for (const Index N : {20, 9600, 19848}) {
      const Size size = size_of(N, 19848);
      for (const Index H : {128, 256}) {
        const std::string shape = fmt::format("N:{}/I:{}/O:14", N, 2 * H);
        add("linear", shape, H == 128 ? size : Size::more,
            [=](Exec& ex) { return prepare_linear(ex, N, 2 * H, 14, false); });
        add("linear_backward", shape, H == 128 ? size : Size::more,
            [=](Exec& ex) { return prepare_linear(ex, N, 2 * H, 14, true); });
      }
      add("activation_gelu", fmt::format("N:{}/C:256", N), size,
          [=](Exec& ex) { return prepare_activation(ex, N, 256); });
      add("loss_mse", fmt::format("N:{}/P:14", N), size, [=](Exec& ex) { return prepare_loss(ex, N, LossKind::mse); });
      add("loss_mae", fmt::format("N:{}/P:14", N), Size::more,
          [=](Exec& ex) { return prepare_loss(ex, N, LossKind::mae); });
      add("loss_ccc", fmt::format("N:{}/P:14", N), Size::more,
          [=](Exec& ex) { return prepare_loss(ex, N, LossKind::ccc); });
    }
    add("step_scalars", "steps:1", Size::smallest, prepare_step_scalars);
    for (const Index n : {20, 613902, 10000000}) {  // parameters: the default model has 613,902
      add("adam", fmt::format("n:{}", n), size_of(n, 613902), [=](Exec& ex) { return prepare_adam(ex, n); });
      add("sum_squares", fmt::format("n:{}", n), size_of(n, 613902),
          [=](Exec& ex) { return prepare_sum_squares(ex, n); });
    }
    const auto add_dropout = [&](Index B, Index T, bool ragged) {
      add("dropout", fmt::format("B:{}/T:{}/C:256{}", B, T, ragged ? "/ragged" : ""),
          B > 3 ? Size::standard : Size::smallest,
          [=](Exec& ex) { return prepare_dropout(ex, lengths_of(B, T, ragged), 256); });
    };
    add_dropout(3, 20, true);
    add_dropout(8, 2481, false);
    add_dropout(32, 300, true);
  }
}

}  // namespace cutract::bench
