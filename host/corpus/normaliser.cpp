#include "host/corpus/normaliser.h"

#include <fmt/format.h>

#include <cmath>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "host/io/sha256.h"

namespace cutract {
namespace {

// Float holds 24 bits: a spread below this share of the mean is rounding, not movement.
constexpr double kFloatResolution = 1e-7;

std::string scope_name(Scope scope) {
  switch (scope) {
    case Scope::utterance:
      return "utterance";
    case Scope::speaker:
      return "speaker";
    case Scope::corpus:
      return "corpus";
  }
  fail(Fault::internal, "normaliser: unknown scope");
}

Scope scope_named(const std::string& name, const std::string& where) {
  for (const Scope s : {Scope::utterance, Scope::speaker, Scope::corpus}) {
    if (name == scope_name(s)) return s;
  }
  fail(Fault::data, fmt::format("{} is \"{}\", expected utterance, speaker or corpus", where, name));
}

// A [C] tensor of finite values; C is free if `columns` is 0.
std::vector<double> column_values(const TensorFile& file, const std::string& name, std::size_t columns,
                                  const std::string& origin) {
  const Tensor& t = file.at(name, origin);
  const std::vector<double> values = t.as_f64();
  if (t.shape.size() != 1 || values.empty() || (columns > 0 && values.size() != columns)) {
    const std::string want = columns > 0 ? std::to_string(columns) : "at least 1";
    fail(Fault::data,
         fmt::format("{}: tensor \"{}\" has {} values, expected a vector of {}", origin, name, values.size(), want));
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

Normaliser::Stats Normaliser::stats_over(std::span<const View<const float, 2>> parts, const std::string& whose) {
  const Index columns = parts.empty() ? 0 : parts.front().shape[1];
  const auto C = static_cast<std::size_t>(columns);
  Index frames = 0;
  std::vector<double> mean(C), square(C), drift(C);
  for (const auto& part : parts) {
    expect_shape("normaliser.rows", part, {part.shape[0], columns});
    frames += part.shape[0];
    for (Index t = 0; t < part.shape[0]; ++t) {
      for (std::size_t c = 0; c < C; ++c) mean[c] += part.row(t)[c];
    }
  }
  if (frames == 0 || C == 0)
    fail(Fault::data, whose + ": no frame to take mean and deviation from, expected at least one");
  const auto n = static_cast<double>(frames);
  for (double& m : mean) m /= n;
  for (const auto& part : parts) {
    for (Index t = 0; t < part.shape[0]; ++t) {
      for (std::size_t c = 0; c < C; ++c) {
        const double d = part.row(t)[c] - mean[c];
        drift[c] += d, square[c] += d * d;
      }
    }
  }
  Stats out{std::move(mean), std::vector<double>(C), std::vector<double>(C)};
  for (std::size_t c = 0; c < C; ++c) {
    // The second term takes out what rounding left in the mean.
    const double variance = std::max(0.0, (square[c] - drift[c] * drift[c] / n) / n);
    if (!std::isfinite(out.mean[c]) || !std::isfinite(variance)) {
      fail(Fault::data, fmt::format("{}: column {} holds a value that is not finite", whose, c));
    }
    out.std[c] = std::sqrt(variance);
    if (out.std[c] <= kFloatResolution * std::abs(out.mean[c])) out.constant[c] = out.std[c] = 1;
  }
  return out;
}

Normaliser Normaliser::fit(Scope scope, std::span<const Part> parts) {
  std::vector<View<const float, 2>> all;
  std::map<std::string, std::vector<View<const float, 2>>> by_speaker;
  for (const Part& p : parts) {
    all.push_back(p.rows);
    if (p.rows.shape[0] > 0) by_speaker[p.speaker].push_back(p.rows);
  }
  Normaliser out;
  out.scope_ = scope;
  out.corpus_ = stats_over(all, "training data");
  if (scope == Scope::speaker) {
    for (const auto& [speaker, own] : by_speaker) out.speakers_[speaker] = stats_over(own, "speaker " + speaker);
  }
  return out;
}

bool Normaliser::knows(const std::string& speaker) const {
  return scope_ != Scope::speaker || speakers_.contains(speaker);
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

std::vector<double> Normaliser::apply(View<float, 2> rows, const std::string& speaker) const {
  expect_shape("normaliser.apply", rows, {rows.shape[0], columns()});
  if (rows.shape[0] == 0) return unit_per_z(speaker);
  Stats utterance;
  if (scope_ == Scope::utterance) {
    const View<const float, 2> own = rows;
    utterance = stats_over(std::span(&own, 1), "an utterance of speaker " + speaker);
  }
  const Stats& s = scope_ == Scope::utterance ? utterance : stats_of(speaker);
  for (Index t = 0; t < rows.shape[0]; ++t) {
    float* row = rows.row(t);
    for (std::size_t c = 0; c < s.mean.size(); ++c) row[c] = static_cast<float>((row[c] - s.mean[c]) / s.std[c]);
  }
  return s.std;
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

void Normaliser::save(TensorFile& file, const std::string& prefix) const {
  const std::vector<Index> shape{columns()};
  file.metadata[prefix + ".scope"] = scope_name(scope_);
  file.tensors[prefix + ".mean"] = Tensor::f64(shape, corpus_.mean);
  file.tensors[prefix + ".std"] = Tensor::f64(shape, corpus_.std);
  file.tensors[prefix + ".constant"] = Tensor::f64(shape, corpus_.constant);
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
