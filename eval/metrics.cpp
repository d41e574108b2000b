#include "eval/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "host/core/error.h"
#include "host/core/plant.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using Selection = std::vector<const Scored*>;

Index frames_of(const Selection& chosen) {
  Index n = 0;
  for (const Scored* s : chosen) n += s->frames;
  return n;
}

Index measured_in(const Selection& chosen, std::size_t channel) {
  Index n = 0;
  for (const Scored* s : chosen) n += s->sums[channel].measured;
  return n;
}

// Statistics of one channel over all the measured frames of a selection. Those of an utterance are joined to those
// before (Chan, Golub and LeVeque 1983). "Constant" is exact, as in SciPy: a threshold would call a weak prediction
// undefined. Deviations of a constant side are exactly 0, so r is 0 / 0.
std::optional<double> pearson(const Selection& chosen, Index channel) {
  CompensatedSum pp, tt, pt;
  double n = 0, mean_p = 0, mean_t = 0;
  for (const Scored* s : chosen) {
    const ScoreSums& sums = s->sums[static_cast<std::size_t>(channel)];
    if (sums.measured == 0) continue;
    const double more = static_cast<double>(sums.measured), share = more / (n + more);
    const double dp = sums.mean_p - mean_p, dt = sums.mean_t - mean_t, weight = n * share;
    pp.add(sums.pp);
    tt.add(sums.tt);
    pt.add(sums.pt);
    pp.add(dp * dp * weight);
    tt.add(dt * dt * weight);
    pt.add(dp * dt * weight);
    mean_p += dp * share;
    mean_t += dt * share;
    n += more;
  }
  if (n < 2) return std::nullopt;
  const double r = pt.value() / (std::sqrt(pp.value()) * std::sqrt(tt.value()));
  if (!std::isfinite(r)) return std::nullopt;
  return std::clamp(r, -1.0, 1.0);
}

struct Mean {
  CompensatedSum sum;
  double weight = 0;
  Index undefined = 0;
  void add(std::optional<double> v, double by = 1) {
    if (!v) ++undefined;
    if (v) {
      sum.add(by * *v);
      weight += by;
    }
  }
  std::optional<double> value() const {
    if (weight == 0) return std::nullopt;
    return of_some();
  }
  double of_some() const { return sum.value() / weight; }  // NaN if nothing has been added
};

// Mean squared and absolute errors of one channel; NaN where it is not measured.
struct ChannelErrors {
  double square = 0, magnitude = 0, square_units = 0, square_target = 0;
};

ChannelErrors errors(const Selection& chosen, Index channel) {
  CompensatedSum square, magnitude, square_units, square_target;
  for (const Scored* s : chosen) {
    const ScoreSums& sums = s->sums[static_cast<std::size_t>(channel)];
    const double unit = s->unit_per_z[static_cast<std::size_t>(channel)];
    square.add(sums.square);
    magnitude.add(sums.magnitude);
    square_target.add(sums.square_target);
    square_units.add(sums.square * unit * unit);
  }
  const auto n = static_cast<double>(measured_in(chosen, static_cast<std::size_t>(channel)));
  return {square.value() / n, magnitude.value() / n, square_units.value() / n, square_target.value() / n};
}

// Errors over all channels of a selection.
struct Overall {
  double rmse = 0, mae = 0, rmse_mean_predictor = 0;
  std::optional<double> rmse_units, pearson;
  Index missing = 0;
  std::vector<std::string> lacking;  // channels that are not measured
};

// Mean errors are means over the measured values: those of the channels, weighted by how many of their frames are
// measured. The weights are relative to the frames of the selection, so they are exactly 1 where nothing is missing.
Overall overall(const Selection& chosen, std::span<const Channel> channels, const std::string& unit,
                std::vector<ChannelScore>* each) {
  Mean square, magnitude, square_units, square_target, r;
  Overall out;
  const auto frames = static_cast<double>(frames_of(chosen));
  for (std::size_t c = 0; c < channels.size(); ++c) {
    const auto p = static_cast<Index>(c);
    const Index measured = measured_in(chosen, c);
    const double weight = CUTRACT_PLANTED("scores_weigh_channels_equally") ? 1 : static_cast<double>(measured) / frames;
    out.missing += frames_of(chosen) - measured;
    const ChannelErrors e = errors(chosen, p);
    const std::optional<double> own = pearson(chosen, p);
    if (each)
      each->push_back({channels[c].name, channels[c].unit, std::sqrt(e.square), e.magnitude, std::sqrt(e.square_units),
                       own, frames_of(chosen) - measured});
    if (measured == 0) {
      out.lacking.push_back(channels[c].name);
      continue;
    }
    square.add(e.square, weight);
    magnitude.add(e.magnitude, weight);
    square_target.add(e.square_target, weight);
    r.add(own);
    if (channels[c].unit == unit) square_units.add(e.square_units, weight);
  }
  out.rmse = std::sqrt(square.of_some());
  out.mae = magnitude.of_some();
  out.rmse_mean_predictor = std::sqrt(square_target.of_some());
  out.pearson = r.value();
  if (const auto s = square_units.value()) out.rmse_units = std::sqrt(*s);
  return out;
}

std::string most_common_unit(std::span<const Channel> channels) {
  const auto count = [&](const std::string& unit) {
    return std::count_if(channels.begin(), channels.end(), [&](const Channel& c) { return c.unit == unit; });
  };
  std::string best = channels.front().unit;
  for (const Channel& c : channels) {
    if (count(c.unit) > count(best)) best = c.unit;
  }
  return best;
}

void check(std::span<const Scored> all, std::span<const Channel> channels, const std::string& split) {
  const auto P = static_cast<Index>(channels.size());
  Index frames = 0, measured = 0;
  for (const Scored& s : all) {
    for (const auto& [what, n] : {std::pair{"sums", s.sums.size()}, std::pair{"unit_per_z", s.unit_per_z.size()}})
      if (n != channels.size()) fail(Fault::internal, fmt::format("score.{}: {} values, expected {}", what, n, P));
    frames += s.frames;
    for (const ScoreSums& sums : s.sums) measured += sums.measured;
  }
  if (P == 0) fail(Fault::internal, "score: no channel, expected at least one");
  if (frames == 0) {
    fail(Fault::data, fmt::format("split \"{}\": no frame to score in {}, expected at least one", split,
                                  counted(std::ssize(all), "utterance")));
  }
  if (measured == 0)
    fail(Fault::data,
         fmt::format("split \"{}\": all target values are missing (NaN), expected at least one to score", split));
}

std::vector<Goal> judge(const Scores& s, const Goals& want) {
  std::vector<Goal> out;
  const auto at_most = [&out](const char* name, double value, const std::optional<double>& limit) {
    if (limit) out.push_back({name, value, *limit, value <= *limit});
  };
  at_most("rmse", s.rmse, want.rmse);
  if (want.pearson) {
    const bool met = s.pearson.has_value() && *s.pearson >= *want.pearson;
    out.push_back({"pearson", s.pearson, *want.pearson, met});
  }
  at_most("mae", s.mae, want.mae);
  at_most("loss", s.loss, want.loss);
  return out;
}

}  // namespace

std::vector<ScoreSums> sums_of(View<const float, 2> predicted, View<const float, 2> target) {
  const Index P = target.shape[1];
  std::vector<ScoreSums> out(static_cast<std::size_t>(P));
  if (target.shape[0] == 0) return out;
  const std::int32_t frames[] = {static_cast<std::int32_t>(target.shape[0])};
  const RaggedBatch one(frames);
  constexpr std::uint32_t kFirst = 0;
  Exec ex = CpuExec(1);
  score_sums(ex, {predicted, target, one.view(), {&kFirst, {1}}, {out.data(), {1, P}}});
  return out;
}

Scores score(std::span<const Scored> all, std::span<const Channel> channels, const std::string& split,
             const ScoredLoss& loss, const Goals& goals) {
  check(all, channels, split);
  Selection everything;
  std::map<std::string, Selection> by_speaker;
  for (const Scored& s : all) {
    everything.push_back(&s);
    by_speaker[s.speaker].push_back(&s);
  }

  Scores out;
  out.split = split;
  out.loss_name = loss.name;
  out.loss = loss.value;
  out.frames = frames_of(everything);
  out.utterances = static_cast<Index>(all.size());
  out.rmse_units_name = most_common_unit(channels);
  const Overall o = overall(everything, channels, out.rmse_units_name, &out.channels);
  out.missing = o.missing;
  out.rmse = o.rmse;
  out.mae = o.mae;
  out.pearson = o.pearson;
  out.rmse_units = o.rmse_units;
  out.rmse_mean_predictor = o.rmse_mean_predictor;
  const double ratio = o.rmse / o.rmse_mean_predictor;
  out.skill = o.rmse_mean_predictor > 0 ? 1 - ratio * ratio : 0;
  for (const ChannelScore& c : out.channels) out.undefined_channels += c.missing < out.frames && !c.pearson;

  Mean within;
  for (const Scored* s : everything) {
    for (std::size_t c = 0; c < channels.size(); ++c) {
      if (s->sums[c].measured > 0 || s->frames == 0)
        within.add(pearson({s}, static_cast<Index>(c)));
      else
        ++out.missing_pairs;
    }
  }
  out.pearson_utterance = within.value();
  out.undefined_utterances = within.undefined;
  if (CUTRACT_PLANTED("pearson_over_batches")) out.pearson = out.pearson_utterance;

  for (const auto& [speaker, own] : by_speaker) {
    const Index frames = frames_of(own);
    if (frames == 0) continue;
    const Overall s = overall(own, channels, out.rmse_units_name, nullptr);
    out.speakers.push_back({speaker, frames, static_cast<Index>(own.size()), s.rmse, s.mae, s.rmse_units, s.pearson,
                            s.missing, s.lacking});
  }
  for (const Scored* s : everything) {
    const Overall one = overall({s}, channels, out.rmse_units_name, nullptr);
    out.each.push_back({s->id, s->speaker, s->frames, one.rmse, one.mae, one.rmse_units, one.pearson, one.missing});
  }
  out.goals = judge(out, goals);
  return out;
}

}  // namespace cutract
