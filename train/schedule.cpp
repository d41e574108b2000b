#include "train/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "host/core/error.h"
#include "model/metadata.h"

namespace cutract {
namespace {

Curve cosine(const ScheduleConfig& c, double lr, Index steps_per_epoch, int epochs) {
  RateCurve curve{.shape = RateShape::cosine, .start = lr * c.warmup_start, .end = std::min(c.min_lr, lr)};
  curve.rise = std::round(c.warmup_epochs * static_cast<double>(steps_per_epoch));
  curve.total = static_cast<double>(steps_per_epoch) * epochs;
  return {lr, curve};
}

Curve one_cycle(const ScheduleConfig& c, double lr, Index steps_per_epoch, int epochs) {
  RateCurve curve{.shape = RateShape::one_cycle, .start = lr / c.div_factor};
  curve.end = curve.start / c.final_div_factor;
  const double total = static_cast<double>(steps_per_epoch) * epochs;
  curve.rise = std::max(c.pct_start * total - 1, 0.0);  // the last update of a phase has the rate that it leads to
  curve.total = std::max(total - 1, 0.0);
  return {lr, curve};
}

using Kind = std::variant<Curve, Plateau, StepDecay>;

Kind kind_of(const ScheduleConfig& c, double lr, Index steps_per_epoch, int max_epochs) {
  const int epochs = c.length_epochs > 0 ? c.length_epochs : max_epochs;
  switch (c.name) {
    case ScheduleKind::plateau:
      return Plateau(c, lr);
    case ScheduleKind::step:
      return StepDecay(c, lr);
    case ScheduleKind::cosine:
      return cosine(c, lr, steps_per_epoch, epochs);
    case ScheduleKind::one_cycle:
      return one_cycle(c, lr, steps_per_epoch, epochs);
    case ScheduleKind::constant:
      break;
  }
  return Curve(lr, {});
}

}  // namespace

bool StepDecay::check(double) {
  epochs_ += 1;
  if (std::fmod(epochs_, every_) != 0) return false;
  lr_ *= factor_;
  return true;
}

void expect_warm_up_fits(const ScheduleConfig& c, int max_epochs) {
  const int epochs = c.length_epochs > 0 ? c.length_epochs : max_epochs;
  if (c.name == ScheduleKind::cosine && c.warmup_epochs >= epochs)
    fail(
        Fault::config,
        fmt::format("schedule.warmup_epochs = {:g} is not less than the {} epochs of the schedule; reduce it, or raise "
                    "trainer.max_epochs or schedule.length_epochs",
                    c.warmup_epochs, epochs));
}

Schedule::Schedule(const ScheduleConfig& config, double lr, Index steps_per_epoch, int max_epochs)
    : kind_(kind_of(config, lr, steps_per_epoch, max_epochs)) {}

double Schedule::lr() const {
  return std::visit([](const auto& kind) { return kind.lr(); }, kind_);
}

RateCurve Schedule::curve() const {
  const auto* curve = std::get_if<Curve>(&kind_);
  return curve ? curve->curve() : RateCurve{};
}

double Schedule::rate(Index updates) const { return rate_at(curve(), lr(), updates); }

bool Schedule::check(double val_loss) {
  return std::visit([&](auto& kind) { return kind.check(val_loss); }, kind_);
}

std::string Schedule::state() const {
  std::string out;
  Kind copy = kind_;
  std::visit(
      [&](auto& kind) {
        kind.each_value([&](const char* name, double& value) {
          out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, exact(value));
        });
      },
      copy);
  return out;
}

void Schedule::restore(const std::string& state, const std::string& origin) {
  std::map<std::string, std::string> given;
  std::istringstream words(state);
  for (std::string word; words >> word;) {
    const auto eq = word.find('=');
    if (eq != std::string::npos) given[word.substr(0, eq)] = word.substr(eq + 1);
  }
  std::visit(
      [&](auto& kind) {
        kind.each_value([&](const char* name, double& value) {
          const std::string& text = given[name];
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
          if (error != std::errc{} || end != text.data() + text.size())
            fail(Fault::data, fmt::format("{}: the schedule's {} is \"{}\", expected a number; the file was altered",
                                          origin, name, text));
        });
      },
      kind_);
}

}  // namespace cutract
