#pragma once

#include <cmath>

#include "host/core/choices.h"
#include "host/core/missing.h"
#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// With e = y - target, each is a mean over a batch:
//   mse       e^2, over frames and channels
//   mae       |e|, over frames and channels
//   huber     e^2 / 2 if |e| <= delta, else delta (|e| - delta / 2), over frames and channels; as torch.nn.HuberLoss
//   pearson   1 - r, over utterances and channels; r = s_yt / (s_y s_t) within the utterance
//   ccc       1 - c, over utterances and channels; c = 2 s_yt / (s_y^2 + s_t^2 + (mean_y - mean_t)^2) within the
//             utterance, Lin's concordance correlation coefficient (Lin 1989, Biometrics 45:255), with variances that
//             divide by the number of frames, as in that paper
//   velocity  (e[t] - e[t - 1])^2, over the pairs of consecutive frames of an utterance and over channels
// Where r is undefined, because the utterance has one frame or y or the target is constant in it, the value is 1 and
// the gradient 0. Where c is 0 / 0, because y and the target are constant and equal, the value and the gradient are 0.
// Only measured targets count (host/core/missing.h): a missing one is no frame of its channel in any of these means,
// and the gradient there is 0. A pair of frames counts if both are measured, and a channel of an utterance if any frame
// is. A mean over nothing is 0. A prediction that is not finite makes the value NaN, even where the target is missing.
enum class LossKind { mse, mae, huber, pearson, ccc, velocity };
template <>
inline constexpr auto kNames<LossKind> = std::to_array<Named<LossKind>>({{LossKind::mse, "mse"},
                                                                         {LossKind::mae, "mae"},
                                                                         {LossKind::huber, "huber"},
                                                                         {LossKind::pearson, "pearson"},
                                                                         {LossKind::ccc, "ccc"},
                                                                         {LossKind::velocity, "velocity"}});
struct LossTerm {
  LossKind kind = LossKind::mse;
  double weight = 1;
  double delta = 1;  // of huber
};

// A weighted sum of terms. Its size is fixed because it is an argument of kernels.
struct Objective {
  static constexpr int kMost = 6;
  LossTerm terms[kMost] = {};
  int count = 1;

  constexpr Objective() = default;
  constexpr Objective(LossKind kind) { terms[0].kind = kind; }
};

// The mean that is a term: sum / count.
struct LossPart {
  double sum = 0;
  Index count = 0;
};

// The objective over the utterances' frames, and its gradient. The gradient of |0| is 0, as in torch.nn.L1Loss. Rows
// after the last utterance are excluded from every sum, and their gradient is 0.
struct LossArgs {
  Objective objective;
  View<const float, 2> y, target;  // [N, P]
  Ragged ragged;
  View<float, 2> dy;             // [N, P], or null to skip the gradient
  View<double, 1> value;         // [1]
  View<LossPart, 1> parts = {};  // [terms], or null; the objective of several batches is computed from their parts
};
void loss(Exec&, const LossArgs&);
void loss(CpuExec&, const LossArgs&);
void loss(GpuExec&, const LossArgs&);

// Whether a term is a sum over single elements of y. The others look at all frames of an utterance.
CUTRACT_HD constexpr bool is_pointwise(LossKind kind) {
  return kind == LossKind::mse || kind == LossKind::mae || kind == LossKind::huber;
}
CUTRACT_HD inline bool looks_at_utterances(const Objective& o) {
  for (int k = 0; k < o.count; ++k)
    if (!is_pointwise(o.terms[k].kind)) return true;
  return false;
}

// How many measured targets there are, how many pairs of consecutive frames with both targets measured, and how many
// channels of utterances with any.
struct LossCounts {
  Index values = 0, changes = 0, series = 0;
};
// Counts what the target at frame t of channel c of an utterance adds, except to `series`.
CUTRACT_HD inline void count_target(LossCounts& n, const LossArgs& a, Index first, Index t, Index c) {
  const bool counts = !is_missing(a.target.row(first + t)[c]);
  if (counts || CUTRACT_PLANTED("loss_counts_missing_values")) ++n.values;
  if (counts && t > 0 && !is_missing(a.target.row(first + t - 1)[c])) ++n.changes;
}

// The number of values that a term is the mean of.
CUTRACT_HD constexpr Index loss_count(LossKind kind, const LossCounts& n) {
  if (is_pointwise(kind)) return n.values;
  return kind == LossKind::velocity ? n.changes : n.series;
}
CUTRACT_HD inline double loss_scale(LossKind kind, const LossCounts& counts) {
  const Index n = loss_count(kind, counts);
  return n > 0 ? 1.0 / static_cast<double>(n) : 0.0;
}

// What a prediction without a measured target adds to a sum: 0, or NaN if it is not finite.
CUTRACT_HD inline double unless_finite(float y) { return static_cast<double>(y) - static_cast<double>(y); }

// A pointwise term at one element, and its derivative.
struct LossPoint {
  double value, slope;
};
CUTRACT_HD inline LossPoint loss_point(const LossTerm& term, float y, float target) {
  if (is_missing(target)) return {unless_finite(y), CUTRACT_PLANTED("missing_value_has_a_gradient") ? 1.0 : 0.0};
  const double e = static_cast<double>(y) - static_cast<double>(target);
  if (term.kind == LossKind::mse) return {e * e, 2 * e};
  const double magnitude = e < 0 ? -e : e;
  const double sign = e > 0 ? 1.0 : e < 0 ? -1.0 : 0.0;
  if (term.kind == LossKind::mae) return {magnitude, sign};
  const double delta = CUTRACT_PLANTED("huber_without_delta") ? 1 : term.delta;
  if (magnitude <= delta) return {e * e / 2, e};
  return {delta * (magnitude - delta / 2), delta * sign};
}

// Statistics of one channel of an utterance over its n measured frames: means, and sums of products of deviations from
// them. Without any frame the means are 0, or mean_y is NaN because a prediction is not finite.
struct LossMoments {
  double n, mean_y, mean_t, yy, tt, yt;
};
// A term of correlation, and the factors of its derivative with respect to y[t], which is
// by_target (target[t] - mean_t) + by_own (y[t] - mean_y) + constant.
struct LossCorrelation {
  double value, by_target, by_own, constant;
};
CUTRACT_HD inline LossCorrelation loss_correlation(LossKind kind, const LossMoments& m) {
  if (m.n == 0) return {m.mean_y, 0, 0, 0};
  if (kind == LossKind::pearson) {
    if (m.yy == 0 || m.tt == 0) return {1 - m.yt, 0, 0, 0};  // yt is 0, or NaN for values that are not finite
    const double spread = std::sqrt(m.yy * m.tt);            // one root, so that r is exactly 1 where y is the target
    const double r = m.yt / spread;
    return {1 - r, -1 / spread, r / m.yy, 0};
  }
  const double between = CUTRACT_PLANTED("ccc_ignores_the_means") ? 0 : m.mean_y - m.mean_t;
  const double spread = m.yy + m.tt + m.n * between * between;  // n times the denominator
  if (spread == 0) return {0, 0, 0, 0};
  const double c = 2 * m.yt / spread;
  return {1 - c, -2 / spread, 2 * c / spread, 2 * c * between / spread};
}

// By how much the error of channel c changes from frame t - 1 to frame t of an utterance; 0 at its first frame and
// where either target is missing.
CUTRACT_HD inline double loss_change(const LossArgs& a, Index first, Index t, Index c) {
  if (t == 0 && !(CUTRACT_PLANTED("velocity_crosses_utterances") && first > 0)) return 0;
  const auto error = [&](Index at) {
    return static_cast<double>(a.y.row(at)[c]) - static_cast<double>(a.target.row(at)[c]);
  };
  const Index n = first + t;
  if (is_missing(a.target.row(n)[c]) || is_missing(a.target.row(n - 1)[c]))
    return unless_finite(a.y.row(n)[c]) + unless_finite(a.y.row(n - 1)[c]);
  return error(n) - error(n - 1);
}

// The derivative of all terms that look at utterances, for one channel of one utterance.
struct LossSlopes {
  double by_target = 0, by_own = 0, constant = 0;  // as in LossCorrelation
  double velocity = 0;                             // factor of the changes
};
CUTRACT_HD inline LossSlopes loss_slopes(const Objective& o, const LossMoments& m, const LossCounts& counts) {
  LossSlopes out;
  for (int k = 0; k < o.count; ++k) {
    const LossKind kind = o.terms[k].kind;
    if (is_pointwise(kind)) continue;
    const double weight = o.terms[k].weight * loss_scale(kind, counts);
    if (kind == LossKind::velocity) {
      out.velocity += 2 * weight;
      continue;
    }
    const LossCorrelation at = loss_correlation(kind, m);
    out.by_target += weight * at.by_target;
    out.by_own += weight * at.by_own;
    out.constant += weight * at.constant;
  }
  return out;
}
// The slope at frame t of an utterance of T frames.
CUTRACT_HD inline double loss_slope(const LossArgs& a, const LossSlopes& s, const LossMoments& m, Index first, Index t,
                                    Index T, Index c) {
  const Index n = first + t;
  if (is_missing(a.target.row(n)[c])) return 0;
  const double out = s.by_target * (static_cast<double>(a.target.row(n)[c]) - m.mean_t) +
                     s.by_own * (static_cast<double>(a.y.row(n)[c]) - m.mean_y) + s.constant;
  if (s.velocity == 0) return out;
  const double next = t + 1 < T ? loss_change(a, first, t + 1, c) : 0;
  return out + s.velocity * (loss_change(a, first, t, c) - next);
}

}  // namespace cutract
