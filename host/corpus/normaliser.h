#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/io/safetensors.h"

namespace cutract {

enum class Scope { utterance, speaker, corpus };

// z = (x - mean) / std per column. Statistics come from training data only; they are sums in double over its frames.
// scope speaker: each training speaker has its own; a speaker not seen in training takes the corpus's (and is reported once
// by the caller). scope utterance: each utterance's own; inversion then takes the corpus's.
class Normaliser {
 public:
  struct Part {
    std::string speaker;
    View<const float, 2> rows;  // [T, C]
  };
  // std below `floor` (a constant column) counts as 1, so such a column maps to 0 and is listed by constant_columns().
  static Normaliser fit(Scope, std::span<const Part>);

  Scope scope() const { return scope_; }
  Index columns() const;
  bool knows(const std::string& speaker) const;
  std::vector<Index> constant_columns() const;  // of the corpus statistics

  void apply(View<float, 2> rows, const std::string& speaker) const;   // in place
  void invert(View<float, 2> rows, const std::string& speaker) const;  // in place: back to units
  // Per column: what one z unit is worth for this speaker, e.g. in mm.
  std::vector<double> unit_per_z(const std::string& speaker) const;

  void save(TensorFile&, const std::string& prefix) const;  // prefix.mean.SPEAKER ... and metadata prefix.scope
  static Normaliser load(const TensorFile&, const std::string& prefix, const std::string& origin);
  std::string hash() const;  // SHA-256 of what save writes

 private:
  struct Stats {
    std::vector<double> mean, std;  // [C]
  };
  const Stats& stats_of(const std::string& speaker) const;
  Scope scope_ = Scope::speaker;
  Stats corpus_;
  std::map<std::string, Stats> speakers_;
};

}  // namespace cutract
