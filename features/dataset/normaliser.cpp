#include "features/dataset/normaliser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/core/plant.h"
#include "host/core/text.h"
#include "host/device/memory.h"
#include "host/io/sha256.h"
#include "kernels/column_moments.h"
#include "kernels/normalise.h"

namespace cutract {
namespace {

// Float holds 24 bits: a spread below this share of the mean is rounding, not movement.
constexpr double kFloatResolution = 1e-7;

Scope scope_named(const std::string& name, const std::string& where) {
  if (const auto scope = named<Scope>(name)) return *scope;
  fail(Fault::data, fmt::format("{} is \"{}\", expected utterance, speaker or corpus", where, name));
}

template <class T, class F>
std::vector<T> of_each(std::span<const Normaliser::Part> parts, F what) {
  std::vector<T> all;
  all.reserve(parts.size());
  for (const auto& p : parts) all.push_back(what(p.rows));
  return all;
}

// The address and number of rows of each part, in the executor's memory.
struct Where {
  Buffer<float*> rows;
  Buffer<std::int32_t> frames;
  Where(Exec& ex, std::span<const Normaliser::Part> parts)
      : rows(ex, of_each<float*>(parts, [](const auto& v) { return v.data; })),
        frames(ex, of_each<std::int32_t>(parts, [](const auto& v) { return static_cast<std::int32_t>(v.shape[0]); })) {}
};

// A [C] tensor of finite values; `columns` 0 accepts any C.
std::vector<double> column_values(const TensorFile& file, const std::string& name, std::size_t columns,
                                  const std::string& origin) {
  const Tensor& t = file.at(name, origin);
  const std::vector<double> values = t.as_f64();
  if (t.shape.size() != 1 || values.empty() || (columns > 0 && values.size() != columns)) {
    const std::string want = columns > 0 ? std::to_string(columns) : "at least 1";
    fail(Fault::data, fmt::format("{}: tensor \"{}\" has {}, expected a vector of {}", origin, name,
                                  counted(std::ssize(values), "value"), want));
  }
  for (const double v : values) {
    if (!std::isfinite(v))
      fail(Fault::data, fmt::format("{}: tensor \"{}\" holds a value that is not finite", origin, name));
  }
  return values;
}

std::vector<double> positive(std::vector<double> values, const std::string& name, const std::string& origin) {
  for (const double v : values) {
    if (!(v > 0))
      fail(Fault::data, fmt::format("{}: tensor \"{}\" holds {}, expected a value above 0", origin, name, v));
  }
  return values;
}

}  // namespace

void Normaliser::Moments::merge(const Moments& other) {
  if (other.frames == 0) return;
  if (frames == 0) {
    *this = other;
    return;
  }
  if (!other.measured.empty() && measured.empty()) measured.assign(mean.size(), frames);
  for (std::size_t c = 0; c < mean.size(); ++c) {
    const auto n = static_cast<double>(count(c)), m = static_cast<double>(other.count(c));
    if (!measured.empty()) measured[c] += other.count(c);
    if (m == 0) continue;
    if (n == 0) {
      mean[c] = other.mean[c];
      square[c] = other.square[c];
      continue;
    }
    const double apart = other.mean[c] - mean[c];
    mean[c] += apart * m / (n + m);
    square[c] += other.square[c] + apart * apart * n * m / (n + m);
  }
  frames += other.frames;
}

std::vector<Normaliser::Moments> Normaliser::moments_of(Exec& ex, std::span<const Part> parts, MissingValues missing) {
  const bool skip = missing == MissingValues::skipped;
  const Index U = std::ssize(parts), C = parts.empty() ? 0 : parts.front().rows.shape[1];
  for (const Part& p : parts) expect_shape("normaliser.rows", p.rows, {p.rows.shape[0], C});
  const Where at(ex, parts);
  const Buffer<double> mean(ex, U * C), square(ex, U * C);
  const Buffer<Index> measured(ex, skip ? U * C : 0);
  ColumnMomentsArgs args{at.rows.view(), at.frames.view(), {mean.data(), {U, C}}, {square.data(), {U, C}}};
  if (skip) args.measured = {measured.data(), {U, C}};
  column_moments(ex, args);
  const std::vector<double> means = mean.values(ex), squares = square.values(ex);
  const std::vector<Index> counts = measured.values(ex);
  std::vector<Moments> out;
  for (Index u = 0; u < U; ++u) {
    const auto first = u * C, last = first + C;
    out.push_back({parts[static_cast<std::size_t>(u)].rows.shape[0],
                   {means.begin() + first, means.begin() + last},
                   {squares.begin() + first, squares.begin() + last}});
    if (skip) out.back().measured.assign(counts.begin() + first, counts.begin() + last);
  }
  return out;
}

std::string Normaliser::column_name(std::size_t column) const {
  return names_.empty() ? std::to_string(column) : names_[column];
}

Normaliser::Stats Normaliser::stats_over(const Moments& m, const std::string& whose) const {
  const std::size_t C = m.mean.size();
  if (m.frames == 0 || C == 0)
    fail(Fault::data, whose + ": has no frames to compute mean and standard deviation from, expected at least one");
  Stats out{m.mean, std::vector<double>(C), std::vector<double>(C)};
  for (std::size_t c = 0; c < C; ++c) {
    if (m.count(c) == 0 && corpus_.mean.empty())
      fail(Fault::data,
           fmt::format("{}: column {} has no measured value, expected at least one", whose, column_name(c)));
    if (m.count(c) == 0) {
      out.mean[c] = corpus_.mean[c];
      out.std[c] = corpus_.std[c];
      continue;
    }
    const double variance = m.square[c] / static_cast<double>(m.count(c));
    if (!std::isfinite(out.mean[c]) || !std::isfinite(variance)) {
      fail(Fault::data, fmt::format("{}: column {} holds a value that is not finite", whose, column_name(c)));
    }
    if (!kept_.empty() && kept_[c] > 0) {
      out.mean[c] = 0;
      out.std[c] = 1;
      continue;
    }
    out.std[c] = std::sqrt(variance);
    if (out.std[c] <= kFloatResolution * std::abs(out.mean[c])) out.constant[c] = out.std[c] = 1;
  }
  return out;
}

Normaliser Normaliser::fit(Exec& ex, Scope scope, std::span<const Part> parts, std::span<const Column> columns,
                           MissingValues missing) {
  const std::vector<Moments> each = moments_of(ex, parts, missing);
  Moments all;
  std::map<std::string, Moments> by_speaker;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    all.merge(each[i]);
    if (each[i].frames > 0) by_speaker[parts[i].speaker].merge(each[i]);
  }
  Normaliser out;
  out.scope_ = scope;
  for (const Column& c : columns) out.names_.push_back(c.name);
  if (std::any_of(columns.begin(), columns.end(), [](const Column& c) { return !c.normalise; }))
    for (const Column& c : columns) out.kept_.push_back(c.normalise ? 0 : 1);
  if (!columns.empty() && columns.size() != all.mean.size() && all.frames > 0)
    fail(Fault::internal, "normaliser: expected a name for each column");
  out.corpus_ = out.stats_over(all, "training data");
  if (scope == Scope::speaker) {
    for (const auto& [speaker, own] : by_speaker) out.speakers_[speaker] = out.stats_over(own, "speaker " + speaker);
  }
  return out;
}

bool Normaliser::knows(const std::string& speaker) const {
  return scope_ != Scope::speaker || speakers_.contains(speaker);
}

std::vector<std::string> Normaliser::speakers() const {
  std::vector<std::string> out;
  out.reserve(speakers_.size());
  for (const auto& [speaker, stats] : speakers_) out.push_back(speaker);
  return out;
}

std::vector<Index> Normaliser::constant_columns() const {
  std::vector<Index> out;
  for (std::size_t c = 0; c < corpus_.constant.size(); ++c) {
    if (corpus_.constant[c] > 0) out.push_back(static_cast<Index>(c));
  }
  return out;
}

const Normaliser::Stats& Normaliser::stats_of(const std::string& speaker) const {
  const auto own = speakers_.find(speaker);
  if (CUTRACT_PLANTED("stale_normaliser")) return corpus_;
  return own == speakers_.end() ? corpus_ : own->second;
}

std::vector<std::vector<double>> Normaliser::apply(Exec& ex, std::span<const Part> parts, MissingValues missing) const {
  const Index C = columns();
  for (const Part& p : parts) expect_shape("normaliser.apply", p.rows, {p.rows.shape[0], C});
  const bool own = scope_ == Scope::utterance;
  const std::vector<Moments> each = own ? moments_of(ex, parts, missing) : std::vector<Moments>();
  std::deque<Stats> of_utterances;  // a deque, because `groups` points into it
  std::map<const Stats*, std::int32_t> groups;
  std::vector<std::int32_t> group;
  std::vector<double> means, stds;
  std::vector<std::vector<double>> unit_per_z;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& speaker = parts[i].speaker;
    const Stats* s = &stats_of(speaker);
    if (own && each[i].frames > 0)
      s = &of_utterances.emplace_back(stats_over(each[i], "an utterance of speaker " + speaker));
    const auto [at, is_new] = groups.try_emplace(s, static_cast<std::int32_t>(groups.size()));
    if (is_new) means.insert(means.end(), s->mean.begin(), s->mean.end());
    if (is_new) stds.insert(stds.end(), s->std.begin(), s->std.end());
    group.push_back(at->second);
    unit_per_z.push_back(s->std);
  }
  const Index G = std::ssize(groups);
  const Where at(ex, parts);
  const Buffer<std::int32_t> group_there(ex, group);
  const Buffer<double> mean(ex, means), std(ex, stds);
  normalise(ex, {at.rows.view(), at.frames.view(), group_there.view(), {mean.data(), {G, C}}, {std.data(), {G, C}}});
  return unit_per_z;
}

void Normaliser::invert(View<float, 2> rows, const std::string& speaker) const {
  expect_shape("normaliser.invert", rows, {rows.shape[0], columns()});
  const Stats& s = stats_of(speaker);
  for (Index t = 0; t < rows.shape[0]; ++t) {
    float* row = rows.row(t);
    for (std::size_t c = 0; c < s.mean.size(); ++c) row[c] = static_cast<float>(row[c] * s.std[c] + s.mean[c]);
  }
}

std::vector<double> Normaliser::unit_per_z(const std::string& speaker) const { return stats_of(speaker).std; }

void Normaliser::adapt(const std::string& speaker, const Moments& heard, Index enough, std::span<const Level> levels) {
  constexpr double kLeastSpread = 0.1;
  if (heard.frames == 0) return;
  Moments all = heard;
  if (heard.frames < enough) {
    double shift = 0;
    for (const auto& [column, per_unit] : levels) {
      const auto at = static_cast<std::size_t>(column);
      shift += (heard.mean[at] - corpus_.mean[at]) / per_unit / static_cast<double>(levels.size());
    }
    Moments training{enough - heard.frames, corpus_.mean, {}};
    for (const auto& [column, per_unit] : levels) training.mean[static_cast<std::size_t>(column)] += shift * per_unit;
    for (const double std : corpus_.std) training.square.push_back(std * std * static_cast<double>(training.frames));
    all.merge(training);
  }
  Stats own = stats_over(all, "speaker " + speaker);
  for (std::size_t c = 0; c < own.std.size(); ++c) {
    const double spread = std::sqrt(all.square[c] / static_cast<double>(all.frames));
    if (kept_.empty() || kept_[c] == 0) own.std[c] = std::max(spread, kLeastSpread * corpus_.std[c]);
  }
  speakers_[speaker] = std::move(own);
}

void Normaliser::enrol(const std::string& speaker, View<const float, 2> rows, const std::string& origin) {
  const auto C = static_cast<std::size_t>(columns());
  Moments all{rows.shape[0], std::vector<double>(C), std::vector<double>(C), std::vector<Index>(C)};
  for (std::size_t c = 0; c < C; ++c) {
    for (Index t = 0; t < rows.shape[0]; ++t) {
      if (is_missing(rows.row(t)[c])) continue;
      all.mean[c] += static_cast<double>(rows.row(t)[c]);
      ++all.measured[c];
    }
    all.mean[c] /= static_cast<double>(std::max<Index>(all.measured[c], 1));
    for (Index t = 0; t < rows.shape[0]; ++t) {
      if (is_missing(rows.row(t)[c])) continue;
      const double apart = static_cast<double>(rows.row(t)[c]) - all.mean[c];
      all.square[c] += apart * apart;
    }
  }
  speakers_[speaker] = stats_over(all, origin);
}

void Normaliser::save(TensorFile& file, const std::string& prefix) const {
  const std::vector<Index> shape{columns()};
  file.metadata[prefix + ".scope"] = name_of(scope_);
  file.tensors[prefix + ".mean"] = Tensor::f64(shape, corpus_.mean);
  file.tensors[prefix + ".std"] = Tensor::f64(shape, corpus_.std);
  file.tensors[prefix + ".constant"] = Tensor::f64(shape, corpus_.constant);
  if (!kept_.empty()) file.tensors[prefix + ".kept"] = Tensor::f64(shape, kept_);
  for (const auto& [speaker, s] : speakers_) {
    file.tensors[prefix + ".mean." + speaker] = Tensor::f64(shape, s.mean);
    file.tensors[prefix + ".std." + speaker] = Tensor::f64(shape, s.std);
  }
}

Normaliser Normaliser::load(const TensorFile& file, const std::string& prefix, const std::string& origin) {
  const auto scope = file.metadata.find(prefix + ".scope");
  if (scope == file.metadata.end()) {
    fail(Fault::data,
         fmt::format("{}: no metadata \"{}.scope\", expected it in a model that cutract wrote", origin, prefix));
  }
  Normaliser out;
  out.scope_ = scope_named(scope->second, fmt::format("{}: metadata \"{}.scope\"", origin, prefix));
  out.corpus_.mean = column_values(file, prefix + ".mean", 0, origin);
  const std::size_t C = out.corpus_.mean.size();
  out.corpus_.std = positive(column_values(file, prefix + ".std", C, origin), prefix + ".std", origin);
  out.corpus_.constant = column_values(file, prefix + ".constant", C, origin);
  if (file.tensors.contains(prefix + ".kept")) out.kept_ = column_values(file, prefix + ".kept", C, origin);
  if (out.scope_ != Scope::speaker) return out;
  const std::string means = prefix + ".mean.";
  for (auto it = file.tensors.lower_bound(means); it != file.tensors.end() && it->first.starts_with(means); ++it) {
    const std::string speaker = it->first.substr(means.size()), std_name = prefix + ".std." + speaker;
    out.speakers_[speaker] = {column_values(file, it->first, C, origin),
                              positive(column_values(file, std_name, C, origin), std_name, origin),
                              {}};
  }
  return out;
}

std::string Normaliser::hash() const {
  TensorFile file;
  save(file, "normaliser");
  return sha256_hex(encode_safetensors(file));
}

}  // namespace cutract
