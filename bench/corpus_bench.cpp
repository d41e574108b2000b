#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <tuple>
#include <utility>

#include "bench/bench.h"
#include "kernels/column_moments.h"
#include "kernels/gather.h"
#include "kernels/normalise.h"
#include "kernels/optim/next_batch.h"
#include "kernels/score_sums.h"
#include "tests/oracle/metrics.h"

// The ops between a corpus and its batches, and those between a batch and its scores.
namespace cutract::bench {
namespace {

using Floats = Buffer<float>;

// Utterances stored one after another, and the first row of each.
struct Utterances {
  Index U, C, N;
  Floats rows;
  Buffer<float*> at;
  Buffer<std::int32_t> frames;

  Utterances(Exec& ex, const std::vector<std::int32_t>& lengths, Index columns)
      : U(std::ssize(lengths)),
        C(columns),
        N(frames_of(lengths)),
        rows(random_on(ex, N * C, 1)),
        at(ex, starts(lengths)),
        frames(ex, lengths) {}

 private:
  std::vector<float*> starts(const std::vector<std::int32_t>& lengths) const {
    std::vector<float*> out;
    float* next = rows.data();
    for (const Index T : lengths) {
      out.push_back(next);
      next += T * C;
    }
    return out;
  }
};

// One column of the frames starting at `first`.
oracle::Sequence column(const std::vector<float>& rows, Index C, Index first, Index frames, Index c) {
  oracle::Sequence out;
  for (Index t = first; t < first + frames; ++t)
    out.push_back(static_cast<long double>(rows[static_cast<std::size_t>(t * C + c)]));
  return out;
}

std::vector<float> to_float(const std::vector<double>& v) { return {v.begin(), v.end()}; }

Prepared prepare_gather(Exec& ex, const std::vector<std::int32_t>& lengths, Index C) {
  struct Data {
    Utterances from;
    Buffer<const float*> source;
    RaggedOn ragged;
    Buffer<std::uint32_t> uid;
    Floats out;
  };
  Utterances from(ex, lengths, C);
  const std::vector<float*> at = from.at.values(ex);
  std::vector<std::uint32_t> uid(lengths.size());
  std::iota(uid.begin(), uid.end(), 0u);
  const Index N = from.N;
  const auto d = std::make_shared<Data>(Data{std::move(from),
                                             {ex, std::vector<const float*>(at.begin(), at.end())},
                                             {ex, lengths},
                                             {ex, uid},
                                             zeros_on(ex, N * C)});
  const auto run = [=, &ex] {
    gather(ex, {d->source.view(), d->uid.view(), d->ragged.view(), {d->out.data(), {N, C}}});
  };
  run();
  const double values = static_cast<double>(N * C);
  return {run,
          {.frames = static_cast<double>(N), .bytes = 8 * values},
          compare("out", d->out.values(ex), to_double(d->from.rows.values(ex)), 0),
          {}};
}

// The plan has as many batches as a batch has utterances; the middle one is taken.
Prepared prepare_next_batch(Exec& ex, Index B) {
  struct Data {
    Buffer<std::int32_t> offsets, lengths;
    Buffer<std::uint32_t> uids;
    Buffer<StepRecord> record;
    Buffer<std::int32_t> offset, length;
    Buffer<std::uint32_t> uid;
  };
  std::vector<std::int32_t> offsets(static_cast<std::size_t>(B * B)), lengths(offsets);
  std::vector<std::uint32_t> uids(offsets.size());
  std::iota(offsets.begin(), offsets.end(), 0);
  std::iota(lengths.begin(), lengths.end(), 1'000'000);
  std::iota(uids.begin(), uids.end(), 2'000'000u);
  const auto d = std::make_shared<Data>(Data{{ex, offsets},
                                             {ex, lengths},
                                             {ex, uids},
                                             {ex, std::vector{StepRecord{.batches = B / 2}}},
                                             {ex, B},
                                             {ex, B},
                                             {ex, B}});
  const auto run = [=, &ex] {
    const std::array<Index, 2> plan{B, B};
    next_batch(ex, {{d->offsets.data(), plan},
                    {d->lengths.data(), plan},
                    {d->uids.data(), plan},
                    d->record.view(),
                    d->offset.view(),
                    d->length.view(),
                    d->uid.view()});
  };
  run();
  const auto part = [&](const auto& all) {
    return std::vector(all.begin() + B / 2 * B, all.begin() + (B / 2 + 1) * B);
  };
  const bool right =
      d->offset.values(ex) == part(offsets) && d->length.values(ex) == part(lengths) && d->uid.values(ex) == part(uids);
  return {run, {.bytes = 24.0 * static_cast<double>(B)}, right ? "" : "not the plan of the expected batch", {}, ""};
}

Prepared prepare_moments(Exec& ex, const std::vector<std::int32_t>& lengths, Index C) {
  struct Data {
    Utterances of;
    Buffer<double> mean, square;
  };
  const Index U = std::ssize(lengths);
  const auto d = std::make_shared<Data>(Data{{ex, lengths, C}, {ex, U * C}, {ex, U * C}});
  const auto run = [=, &ex] {
    column_moments(ex, {d->of.at.view(), d->of.frames.view(), {d->mean.data(), {U, C}}, {d->square.data(), {U, C}}});
  };
  run();
  const std::vector<float> rows = d->of.rows.values(ex);
  std::vector<double> mean, square;
  Index first = 0;
  for (const Index T : lengths) {
    for (Index c = 0; c < C; ++c) {
      const oracle::Sequence values = column(rows, C, first, T, c);
      const auto std = static_cast<double>(oracle::population_std(values));
      mean.push_back(static_cast<double>(oracle::mean(values)));
      square.push_back(std * std * static_cast<double>(T));
    }
    first += T;
  }
  std::string wrong = compare("mean", to_float(d->mean.values(ex)), mean, 1e-6);
  if (wrong.empty()) wrong = compare("square", to_float(d->square.values(ex)), square, 1e-6);
  const double n = static_cast<double>(d->of.N), values = n * static_cast<double>(C);
  return {run, {.frames = n, .flops = 5 * values, .bytes = 4 * values}, wrong, {}};
}

Prepared prepare_normalise(Exec& ex, const std::vector<std::int32_t>& lengths, Index C) {
  struct Data {
    Utterances of;
    Buffer<std::int32_t> group;
    Buffer<double> mean, std;
  };
  const Index U = std::ssize(lengths);
  std::vector<std::int32_t> group;
  for (Index u = 0; u < U; ++u) group.push_back(static_cast<std::int32_t>(u % 2));
  std::vector<double> mean, std;
  for (Index i = 0; i < 2 * C; ++i) {
    const double k = static_cast<double>(i + 1);
    mean.push_back(0.01 * k);
    std.push_back(1.5 + 0.01 * k);
  }
  const auto d = std::make_shared<Data>(Data{{ex, lengths, C}, {ex, group}, {ex, mean}, {ex, std}});
  const std::vector<float> given = d->of.rows.values(ex);
  std::vector<double> want;
  for (Index u = 0, row = 0; u < U; ++u)
    for (Index t = 0; t < lengths[static_cast<std::size_t>(u)]; ++t, ++row)
      for (Index c = 0; c < C; ++c) {
        const auto k = static_cast<std::size_t>(u % 2 * C + c);
        want.push_back((static_cast<double>(given[static_cast<std::size_t>(row * C + c)]) - mean[k]) / std[k]);
      }
  const auto run = [=, &ex] {
    normalise(
        ex, {d->of.at.view(), d->of.frames.view(), d->group.view(), {d->mean.data(), {2, C}}, {d->std.data(), {2, C}}});
  };
  run();  // run repeatedly while timed: values converge to a fixed point, which costs the same
  const double n = static_cast<double>(d->of.N), values = n * static_cast<double>(C);
  return {run,
          {.frames = n, .flops = 2 * values, .bytes = 8 * values},
          compare("z", d->of.rows.values(ex), want, 1e-6),
          {}};
}

Prepared prepare_score_sums(Exec& ex, const std::vector<std::int32_t>& lengths, Index P) {
  struct Data {
    Floats predicted, target;
    RaggedOn ragged;
    Buffer<std::uint32_t> uid;
    Buffer<ScoreSums> out;
  };
  const Index N = frames_of(lengths), U = std::ssize(lengths);
  std::vector<std::uint32_t> uid(lengths.size());
  std::iota(uid.begin(), uid.end(), 0u);
  const auto d = std::make_shared<Data>(
      Data{random_on(ex, N * P, 1), random_on(ex, N * P, 2), {ex, lengths}, {ex, uid}, {ex, U * P}});
  const auto run = [=, &ex] {
    score_sums(ex, {{d->predicted.data(), {N, P}},
                    {d->target.data(), {N, P}},
                    d->ragged.view(),
                    d->uid.view(),
                    {d->out.data(), {U, P}}});
  };
  run();
  const std::vector<float> p = d->predicted.values(ex), t = d->target.values(ex);
  std::vector<float> got;
  std::vector<double> want;
  const std::vector<ScoreSums> sums = d->out.values(ex);
  Index first = 0;
  for (Index u = 0; u < U; ++u) {
    const Index T = lengths[static_cast<std::size_t>(u)];
    for (Index c = 0; c < P; ++c) {
      const oracle::Sequence a = column(p, P, first, T, c), b = column(t, P, first, T, c);
      const ScoreSums& s = sums[static_cast<std::size_t>(u * P + c)];
      const auto n = static_cast<double>(T);
      for (const double v : {s.mean_p, std::sqrt(s.tt / n), std::sqrt(s.square / n), s.magnitude / n})
        got.push_back(static_cast<float>(v));
      for (const long double v : {oracle::mean(a), oracle::population_std(b), oracle::rmse(a, b), oracle::mae(a, b)})
        want.push_back(static_cast<double>(v));
    }
    first += T;
  }
  const double n = static_cast<double>(N), values = n * static_cast<double>(P);
  return {run, {.frames = n, .flops = 40 * values, .bytes = 8 * values}, compare("scores", got, want, 1e-6), {}};
}

}  // namespace

void add_corpus(Cases& cases) {
  using Of = Prepared (*)(Exec&, const std::vector<std::int32_t>&, Index);
  const std::tuple<const char*, Index, Of> ops[] = {{"gather", 80, prepare_gather},
                                                    {"column_moments", 80, prepare_moments},
                                                    {"normalise", 80, prepare_normalise},
                                                    {"score_sums", 14, prepare_score_sums}};
  for (const Device device : {Device::cpu, Device::gpu})
    for (const auto& [op, C, prepare] : ops)
      for (const auto& [B, T, ragged] : {std::tuple{3, 20, true}, {8, 2481, false}, {32, 300, true}}) {
        const std::string shape = fmt::format("B:{}/T:{}/C:{}{}", B, T, C, ragged ? "/ragged" : "");
        cases.push_back({op_name(op, device, shape), device, B == 3 ? Size::smallest : Size::standard,
                         [lengths = lengths_of(B, T, ragged), columns = C, of = prepare](Exec& ex) {
                           return of(ex, lengths, columns);
                         }});
      }
  for (const Device device : {Device::cpu, Device::gpu})
    for (const Index B : {3, 32})
      cases.push_back({op_name("next_batch", device, fmt::format("B:{}", B)), device,
                       B == 3 ? Size::smallest : Size::standard, [=](Exec& ex) { return prepare_next_batch(ex, B); }});
}

}  // namespace cutract::bench
