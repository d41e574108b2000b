#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "features/stream.h"
#include "host/core/choices.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/io/safetensors.h"

namespace cutract {

// What NaN means in the values of a normaliser: a mistake, or a target that was not measured (host/core/missing.h).
enum class MissingValues { refused, skipped };

enum class Scope { utterance, speaker, corpus };
template <>
inline constexpr auto kNames<Scope> = std::to_array<Named<Scope>>({{Scope::utterance, "utterance"},
                                                                   {Scope::speaker, "speaker"},
                                                                   {Scope::corpus, "corpus"}});

// z = (x - mean) / std per column, population std. Statistics come from training data only. They are computed in
// double, per utterance, and merged in the order of the parts (Chan, Golub and LeVeque 1983). Scope speaker: each
// training speaker has its own statistics; other speakers get those of the corpus (the caller reports this once). Scope
// utterance: each utterance is normalised by its own statistics; inversion then uses those of the corpus. A column may
// be kept as it is: all its statistics are mean 0 and std 1.
class Normaliser {
 public:
  struct Part {
    std::string speaker;
    View<float, 2> rows;  // [T, C] of one utterance, in the executor's memory
  };
  struct Stats {
    std::vector<double> mean, std;  // [C], std > 0
    std::vector<double> constant;   // [C], 1 where the column is constant and std is set to 1
  };
  // Moments of each column over the frames in which it is measured.
  struct Moments {
    Index frames = 0;
    std::vector<double> mean, square;  // [C], square: sum of squared deviations from the mean
    std::vector<Index> measured = {};  // [C], how many of the frames; empty: all of them, in every column
    void merge(const Moments&);        // adds the moments of other frames with the same columns
    Index count(std::size_t column) const { return measured.empty() ? frames : measured[column]; }
  };
  // Computes the statistics of the parts. A column whose std is below float's resolution of its mean is constant: its
  // std is set to 1, so it maps to 0. `columns`, if given, have the names for errors and say which columns to keep as
  // they are. A column that is not measured for a speaker gets the statistics of the corpus there. Throws Error{data}
  // if there is no frame, a column without any value, or a sum that is not finite, and Error{internal} if the parts
  // differ in columns.
  static Normaliser fit(Exec&, Scope, std::span<const Part>, std::span<const Column> columns = {},
                        MissingValues = MissingValues::refused);

  Scope scope() const { return scope_; }
  Index columns() const { return static_cast<Index>(corpus_.mean.size()); }
  bool knows(const std::string& speaker) const;  // false if scope is speaker and this one was not in training
  std::vector<std::string> speakers() const;     // with statistics of their own, sorted
  std::vector<Index> constant_columns() const;   // of the corpus statistics

  // Converts the parts to z, in place; missing values stay missing. Returns the units per z of each part, per column.
  // Throws Error{internal} if a part has a different number of columns.
  std::vector<std::vector<double>> apply(Exec&, std::span<const Part>, MissingValues = MissingValues::refused) const;
  // Converts rows in host memory from z back to units, in place.
  void invert(View<float, 2> rows, const std::string& speaker) const;
  // Returns the units per z of each column for this speaker, e.g. in mm.
  std::vector<double> unit_per_z(const std::string& speaker) const;

  // Writes the tensors prefix.mean and prefix.std [C] f64 of the corpus, prefix.constant [C] f64 (0 or 1), prefix.kept
  // [C] f64 (1 where the column is kept as it is) if there are any, prefix.mean.SPEAKER and prefix.std.SPEAKER [C] f64;
  // metadata prefix.scope. load restores the same bits.
  void save(TensorFile&, const std::string& prefix) const;
  static Normaliser load(const TensorFile&, const std::string& prefix, const std::string& origin);  // Error{data}
  std::string hash() const;  // SHA-256 of what save writes

  // Sets the statistics of a speaker whom training did not see to those of `heard`, the speaker's own frames; they
  // apply even if scope is corpus. If there are fewer than `enough` frames, training data stand in for the missing
  // ones, shifted to the level of this recording by the mean difference over `levels`. A column's std is at least a
  // tenth of that in training. Does nothing if `heard` has no frames.
  struct Level {
    Index column;
    double per_unit;  // what one unit of level adds to the column
  };
  void adapt(const std::string& speaker, const Moments& heard, Index enough, std::span<const Level> levels);
  // Sets the statistics of a speaker to those of rows [T, C] that were measured elsewhere; the std of a constant column
  // is 1, and a column whose values are all missing gets the statistics of the corpus. Throws Error{data} as fit does;
  // its text names `origin`.
  void enrol(const std::string& speaker, View<const float, 2> rows, const std::string& origin);
  const Stats& statistics(const std::string& speaker) const { return stats_of(speaker); }

 private:
  static std::vector<Moments> moments_of(Exec&, std::span<const Part>, MissingValues);
  Stats stats_over(const Moments&, const std::string& whose) const;
  std::string column_name(std::size_t column) const;
  const Stats& stats_of(const std::string& speaker) const;
  Scope scope_ = Scope::speaker;
  std::vector<double> kept_;        // [C], 1 where a column is kept as it is; empty: none
  std::vector<std::string> names_;  // [C], for errors; may be empty
  Stats corpus_;
  std::map<std::string, Stats> speakers_;
};

}  // namespace cutract
