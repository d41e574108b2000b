#include <vector>

#include "kernels/loss.h"

namespace cutract {
namespace {

constexpr int kMost = Objective::kMost;

// Counts the targets of the channels of one utterance.
LossCounts counts_of(const LossArgs& a, Index b) {
  const Index first = a.ragged.offset.data[b], T = a.ragged.length.data[b];
  LossCounts all;
  for (Index c = 0; c < a.y.shape[1]; ++c) {
    const Index before = all.values;
    for (Index t = 0; t < T; ++t) count_target(all, a, first, t, c);
    if (all.values > before) ++all.series;
  }
  return all;
}

// The counts of the batch, whose targets are read once more for them.
LossCounts counts_of(CpuExec& ex, const LossArgs& a) {
  const Index U = a.ragged.utterances;
  std::vector<LossCounts> each(static_cast<std::size_t>(U));
  ex.parallel(U, [&](Index b) { each[static_cast<std::size_t>(b)] = counts_of(a, b); });
  LossCounts all;
  for (const LossCounts& one : each) {
    all.values += one.values;
    all.changes += one.changes;
    all.series += one.series;
  }
  return all;
}

LossMoments moments_of(const LossArgs& a, Index first, Index T, Index c) {
  LossMoments m{};
  for (Index n = first; n < first + T; ++n) {
    const float y = a.y.row(n)[c], target = a.target.row(n)[c];
    if (is_missing(target)) {
      m.mean_y += unless_finite(y);
      continue;
    }
    m.mean_y += static_cast<double>(y);
    m.mean_t += static_cast<double>(target);
    m.n += 1;
  }
  if (m.n == 0) return m;
  m.mean_y /= m.n;
  m.mean_t /= m.n;
  for (Index n = first; n < first + T; ++n) {
    if (is_missing(a.target.row(n)[c])) continue;
    const double y = static_cast<double>(a.y.row(n)[c]) - m.mean_y;
    const double t = static_cast<double>(a.target.row(n)[c]) - m.mean_t;
    m.yy += y * y;
    m.tt += t * t;
    m.yt += y * t;
  }
  return m;
}

double sum_of_squared_changes(const LossArgs& a, Index first, Index T, Index c) {
  double sum = 0;
  for (Index t = 0; t < T; ++t) {
    const double change = loss_change(a, first, t, c);
    sum += change * change;
  }
  return sum;
}

// The terms that look at utterances, for one of them: sets its rows of dy, and adds to its sums [terms].
void utterance_terms(const LossArgs& a, const LossCounts& counts, Index b, double* sums) {
  const Objective& o = a.objective;
  const Index first = a.ragged.offset.data[b], T = a.ragged.length.data[b], P = a.y.shape[1];
  for (Index c = 0; c < P; ++c) {
    const LossMoments m = moments_of(a, first, T, c);
    for (int k = 0; k < o.count; ++k) {
      const LossKind kind = o.terms[k].kind;
      if (kind == LossKind::velocity)
        sums[k] += sum_of_squared_changes(a, first, T, c);
      else if (!is_pointwise(kind))
        sums[k] += loss_correlation(kind, m).value;
    }
    if (!a.dy.data) continue;
    const LossSlopes slopes = loss_slopes(o, m, counts);
    for (Index t = 0; t < T; ++t) a.dy.row(first + t)[c] = static_cast<float>(loss_slope(a, slopes, m, first, t, T, c));
  }
}

// Adds the sums of the pointwise terms to `sums` [terms]. If `add`, dy holds the gradient of the other terms, and
// theirs is added to it.
void pointwise_terms(const LossArgs& a, const LossCounts& counts, bool add, double* sums) {
  const Objective& o = a.objective;
  double weight[kMost] = {};
  for (int k = 0; k < o.count; ++k) weight[k] = o.terms[k].weight * loss_scale(o.terms[k].kind, counts);
  for (Index i = 0; i < a.y.size(); ++i) {
    double slope = add && a.dy.data ? static_cast<double>(a.dy.data[i]) : 0;
    for (int k = 0; k < o.count; ++k) {
      if (!is_pointwise(o.terms[k].kind)) continue;
      const LossPoint p = loss_point(o.terms[k], a.y.data[i], a.target.data[i]);
      sums[k] += p.value;
      slope += p.slope * weight[k];
    }
    if (a.dy.data) a.dy.data[i] = static_cast<float>(slope);
  }
}

}  // namespace

void loss(CpuExec& ex, const LossArgs& a) {
  const Objective& o = a.objective;
  const Index U = a.ragged.utterances;
  double sums[kMost] = {};
  const LossCounts counts = counts_of(ex, a);
  const bool within = looks_at_utterances(o);
  if (within) {
    std::vector<double> each(static_cast<std::size_t>(U * kMost));
    ex.parallel(U, [&](Index b) { utterance_terms(a, counts, b, each.data() + b * kMost); });
    for (Index b = 0; b < U; ++b)
      for (int k = 0; k < o.count; ++k) sums[k] += each[static_cast<std::size_t>(b * kMost + k)];
  }
  pointwise_terms(a, counts, within, sums);
  double value = 0;
  for (int k = 0; k < o.count; ++k) {
    const LossKind kind = o.terms[k].kind;
    value += o.terms[k].weight * (sums[k] * loss_scale(kind, counts));
    if (a.parts.data) a.parts.data[k] = {sums[k], loss_count(kind, counts)};
  }
  a.value.data[0] = value;
}

}  // namespace cutract
