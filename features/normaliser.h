#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/core/exec.h"
#include "host/core/view.h"
#include "host/io/safetensors.h"

namespace cutract {

enum class Scope { utterance, speaker, corpus };

// z = (x - mean) / std per column, population std. Statistics come from training data only, in double, those of each
// utterance merged in the order of the parts (Chan, Golub and LeVeque 1983). Scope speaker: each training speaker has
// its own; a speaker not seen in training takes the corpus's (the caller reports it once). Scope utterance: each
// utterance's own; inversion then takes the corpus's.
class Normaliser {
 public:
  struct Part {
    std::string speaker;
    View<float, 2> rows;  // [T, C] of one utterance, in the executor's memory
  };
  struct Stats {
    std::vector<double> mean, std;  // [C], std > 0
    std::vector<double> constant;   // [C], 1 where std stands for a constant column
  };
  // Of the columns of some frames.
  struct Moments {
    Index frames = 0;
    std::vector<double> mean, square;  // [C], square: sum of squared deviations from the mean
    void merge(const Moments&);
  };
  // A std that is lost in float's resolution of the mean (a constant column) counts as 1, so such a column maps to 0.
  // Error{data} if there is no frame or a sum is not finite; Error{internal} if the parts differ in columns.
  static Normaliser fit(Exec&, Scope, std::span<const Part>);

  Scope scope() const { return scope_; }
  Index columns() const { return static_cast<Index>(corpus_.mean.size()); }
  bool knows(const std::string& speaker) const;  // false: scope is speaker and this one was not in training
  std::vector<std::string> speakers() const;     // with statistics of their own, sorted
  std::vector<Index> constant_columns() const;   // of the corpus statistics

  // In place. Returns what one z unit is worth in each part, per column. Error{internal} if one has a different number
  // of columns.
  std::vector<std::vector<double>> apply(Exec&, std::span<const Part>) const;
  void invert(View<float, 2> rows, const std::string& speaker) const;  // in place, in memory of the host: back to units
  // Per column: what one z unit is worth for this speaker, e.g. in mm.
  std::vector<double> unit_per_z(const std::string& speaker) const;

  // Tensors prefix.mean and prefix.std [C] f64 of the corpus, prefix.constant [C] f64 (0 or 1), prefix.mean.SPEAKER and
  // prefix.std.SPEAKER [C] f64; metadata prefix.scope. load gives back the same bits.
  void save(TensorFile&, const std::string& prefix) const;
  static Normaliser load(const TensorFile&, const std::string& prefix, const std::string& origin);  // Error{data}
  std::string hash() const;  // SHA-256 of what save writes

  // From now on a speaker that training did not see is normalised by these frames, their own, whatever the scope says
  // about the corpus. Where there are fewer than `enough`, frames of the training data stand in for the missing ones,
  // moved to the level at which this speaker was recorded: by the mean difference of `level_columns`. No column counts
  // as moving less than a tenth as much as in training. Does nothing for no frames.
  void adapt(const std::string& speaker, const Moments& heard, Index enough, std::span<const Index> level_columns);
  // Statistics that were measured elsewhere, as adapt; a column that does not move counts as 1. Error{data} as fit.
  void enrol(const std::string& speaker, View<const float, 2> rows, const std::string& origin);
  const Stats& statistics(const std::string& speaker) const { return stats_of(speaker); }

 private:
  static std::vector<Moments> moments_of(Exec&, std::span<const Part>);
  static Stats stats_over(const Moments&, const std::string& whose);
  const Stats& stats_of(const std::string& speaker) const;
  Scope scope_ = Scope::speaker;
  Stats corpus_;
  std::map<std::string, Stats> speakers_;
};

}  // namespace cutract
