#pragma once

#include <cstdint>

#include "host/core/missing.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"
#include "kernels/compensated_sum.h"

namespace cutract {

// The sums over some frames from which the scores of one channel are computed: means of prediction and target, sums of
// products of deviations from these means, and sums over the errors e = prediction - target.
struct ScoreSums {
  double mean_p = 0, mean_t = 0;
  double pp = 0, tt = 0, pt = 0;                        // products of deviations
  double square = 0, magnitude = 0, square_target = 0;  // sums of e^2, |e| and target^2
  Index measured = 0;                                   // frames, those whose target is not missing
};

// The sums for every utterance and channel over the frames whose target is not missing (host/core/missing.h), in one
// pass; they are 0 where all targets are. Deviations are taken from the first of these frames and shifted to the mean
// at the end (Chan, Golub and LeVeque 1983), so a large mean costs no digits and a constant channel gives exactly 0.
// Computed in double with compensated sums.
struct ScoreSumsArgs {
  View<const float, 2> predicted, target;  // [N, P]
  Ragged ragged;
  View<const std::uint32_t, 1> uid;  // [B] row of `out` for each utterance
  View<ScoreSums, 2> out;            // [U, P]
};
void score_sums(Exec&, const ScoreSumsArgs&);
void score_sums(CpuExec&, const ScoreSumsArgs&);
void score_sums(GpuExec&, const ScoreSumsArgs&);

// The running sums of one channel, all taken about the values of one frame.
class ScoreSumsAbout {
 public:
  CUTRACT_HD ScoreSumsAbout(float p, float t) : first_p_(static_cast<double>(p)), first_t_(static_cast<double>(t)) {}
  ScoreSumsAbout() = default;
  CUTRACT_HD void add(float predicted, float target) {
    if (is_missing(target)) return;
    ++frames_;
    const double p = static_cast<double>(predicted), t = static_cast<double>(target), e = p - t;
    const double dp = p - first_p_, dt = t - first_t_;
    const double terms[kSums] = {dp, dt, dp * dp, dt * dt, dp * dt, e * e, e < 0 ? -e : e, t * t};
    for (int i = 0; i < kSums; ++i) sum_[i].add(terms[i]);
  }
  // Adds the frames that `other` has accumulated about the same values.
  CUTRACT_HD void add(const ScoreSumsAbout& other) {
    frames_ += other.frames_;
    for (int i = 0; i < kSums; ++i) sum_[i].add(other.sum_[i].value());
  }
  CUTRACT_HD ScoreSums result() const {
    if (frames_ == 0) return {};
    const double n = static_cast<double>(frames_), p = sum_[0].value(), t = sum_[1].value();
    return {first_p_ + p / n,
            first_t_ + t / n,
            sum_[2].value() - p * p / n,
            sum_[3].value() - t * t / n,
            sum_[4].value() - p * t / n,
            sum_[5].value(),
            sum_[6].value(),
            sum_[7].value(),
            frames_};
  }

 private:
  static constexpr int kSums = 8;
  double first_p_ = 0, first_t_ = 0;
  Index frames_ = 0;
  CompensatedSum sum_[kSums];
};

// Sums about the first frame of channel c whose target is not missing. Without one there is nothing to add to them.
CUTRACT_HD inline ScoreSumsAbout sums_about_the_first(const ScoreSumsArgs& a, Index first, Index frames, Index c) {
  for (Index n = first; n < first + frames; ++n)
    if (!is_missing(a.target.row(n)[c])) return {a.predicted.row(n)[c], a.target.row(n)[c]};
  return {};
}

}  // namespace cutract
