#include "eval/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/svg_chart.h"

namespace cutract {
namespace {

// Colours have at least 4.5:1 against their background, lines and text alike, in both schemes.
constexpr const char* kStyle = R"(
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --grid: #dde2e7;
  --first: #0b62a8; --second: #b0440a; --good: #0f6b3a; --bad: #a8261c; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --faint: #a4adb8; --grid: #343a42;
  --first: #6cb2f5; --second: #f59a55; --good: #63c98b; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 20px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 34px 0 8px; padding-top: 12px; border-top: 1px solid var(--grid); }
h3 { font-size: 16px; margin: 20px 0 4px; overflow-wrap: anywhere; }
p { margin: 4px 0 10px; max-width: 80ch; }
.faint, footer { color: var(--faint); font-size: 13.5px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 270px), 1fr)); gap: 8px 20px; margin: 14px 0; }
dt { color: var(--faint); font-size: 13px; }
dd { margin: 0; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 480px), 1fr)); gap: 16px 24px; }
.many { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 14px 20px; }
.wide { overflow-x: auto; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; gap: 0 16px; font-size: 14px; }
.legend { display: flex; flex-wrap: wrap; gap: 0 14px; color: var(--faint); font-size: 13px; }
figure > svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--faint); }
svg .mid { text-anchor: middle; }
svg .end { text-anchor: end; }
.line { fill: none; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.s0 { stroke: var(--first); }
.s1 { stroke: var(--second); stroke-dasharray: 5 3.5; }
.grid { stroke: var(--grid); fill: none; }
.axis { stroke: var(--faint); fill: none; }
.mark { stroke: var(--faint); stroke-dasharray: 2 3; fill: none; }
.spark { width: 120px; height: 22px; vertical-align: middle; }
.bar { width: 90px; height: 9px; background: var(--grid); vertical-align: middle; }
.bar rect { fill: var(--first); }
table { border-collapse: collapse; margin: 8px 0 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 3px 12px 3px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th { color: var(--faint); font-weight: 600; font-size: 13px; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
)";

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

std::string facts(const std::vector<Fact>& all) {
  std::string out = "<dl>\n";
  for (const Fact& f : all)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_markup(f.name), escape_markup(f.value));
  return all.empty() ? "" : out + "</dl>\n";
}

template <class Value>
Series curve(const std::string& name, const std::vector<EpochPoint>& epochs, Value value) {
  Series s{name, {}, {}};
  for (const EpochPoint& e : epochs) s.x.push_back(e.epoch), s.y.push_back(value(e));
  return s;
}

double rmse_of(const EpochPoint& e, std::size_t channel) {
  return channel < e.channel_rmse.size() ? e.channel_rmse[channel] : kUnknown;
}

std::string channel_progress(const Report& r, const EpochPoint& best) {
  std::string out = fmt::format(
      "<h3>Validation RMSE by channel</h3>\n<div class=\"wide\"><table><tr><th>channel</th><th>unit</th><th>first "
      "epoch</th><th>epoch {}, best</th><th>last epoch</th><th>over time</th></tr>\n",
      best.epoch);
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const Series s = curve("", r.epochs, [&](const EpochPoint& e) { return rmse_of(e, c); });
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_markup(r.channels[c].name), escape_markup(r.channels[c].unit), four_digits(s.y.front()),
                       four_digits(rmse_of(best, c)), four_digits(s.y.back()), sparkline(s.y));
  }
  return out + "</table></div>\n";
}

std::string learning(const Report& r) {
  if (r.epochs.empty()) return "";
  const auto best = std::min_element(r.epochs.begin(), r.epochs.end(),
                                     [](const EpochPoint& a, const EpochPoint& b) { return a.val_loss < b.val_loss; });
  std::vector<double> falls;
  std::string rates;
  for (std::size_t i = 1; i < r.epochs.size(); ++i) {
    if (r.epochs[i].lr == r.epochs[i - 1].lr) continue;
    falls.push_back(r.epochs[i].epoch);
    rates += fmt::format("{}{:.3g} from epoch {}", rates.empty() ? "" : ", ", r.epochs[i].lr, r.epochs[i].epoch);
  }
  Chart loss{.title = "Loss",
             .x_label = "epoch",
             .y_label = r.loss_name + " (z)",
             .marks = falls,
             .whole_x = true,
             .log_y = true,
             .width = 440,
             .height = 250};
  loss.series = {curve("validation", r.epochs, [](const EpochPoint& e) { return e.val_loss; }),
                 curve("training, with dropout", r.epochs, [](const EpochPoint& e) { return e.train_loss; })};
  Chart pearson{.title = "Pearson r, validation",
                .x_label = "epoch",
                .y_label = "r, mean over channels",
                .marks = falls,
                .whole_x = true,
                .width = 440,
                .height = 250};
  pearson.series = {curve("", r.epochs, [](const EpochPoint& e) { return e.val_pearson; })};
  std::string out = "<h2>Learning</h2>\n<div class=\"two\">\n" + figure(loss) + figure(pearson) + "</div>\n";
  out += fmt::format("<p class=\"faint\">Learning rate {:.3g} at the start", r.epochs.front().lr);
  out += rates.empty() ? ", and to the end." : "; " + rates + " (vertical lines).";
  out += fmt::format(" Lowest validation loss {} in epoch {}, of {}.</p>\n", four_digits(best->val_loss), best->epoch,
                     r.epochs.back().epoch);
  const bool known =
      std::any_of(r.epochs.begin(), r.epochs.end(), [](const auto& e) { return !e.channel_rmse.empty(); });
  return known ? out + channel_progress(r, *best) : out;
}

Series column(const std::string& name, const Trace& t, const Matrix& m, Index channel) {
  Series s{name, {}, {}};
  for (Index i = 0; i < m.rows; ++i)
    s.x.push_back(t.first_s + static_cast<double>(i) * t.step_s), s.y.push_back(m.row(i)[channel]);
  return s;
}

std::string movement(const Trace& t, const std::vector<Channel>& channels) {
  const auto P = static_cast<Index>(channels.size());
  expect_shape("trace.predicted", t.predicted.view(), {t.predicted.rows, P});
  if (t.measured.rows > 0) expect_shape("trace.measured", t.measured.view(), {t.predicted.rows, P});
  std::string out = t.title.empty() ? "" : "<h3>" + escape_markup(t.title) + "</h3>\n";
  out += "<div class=\"many\">\n";
  for (Index p = 0; p < P; ++p) {
    const Channel& c = channels[static_cast<std::size_t>(p)];
    Chart chart{
        .title = c.name, .x_label = "time (s)", .y_label = c.unit, .series = {column("predicted", t, t.predicted, p)}};
    if (t.measured.rows > 0) chart.series.push_back(column("measured", t, t.measured, p));
    chart.width = 380;
    chart.height = 190;
    out += figure(chart);
  }
  return out + "</div>\n";
}

}  // namespace

std::string four_digits(double v) {
  if (!std::isfinite(v)) return "undefined";
  std::string text = fmt::format("{:#.4g}", v);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string html_report(const Report& r) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n"
      "<body>\n<h1>{0}</h1>\n",
      escape_markup(r.title), kStyle);
  if (!r.summary.empty()) out += "<p>" + escape_markup(r.summary) + "</p>\n";
  out += facts(r.facts) + learning(r);
  if (r.scores) out += scores_section(*r.scores, r.scores_title);
  if (!r.traces.empty())
    out += r.traces.front().measured.rows > 0 ? "<h2>Predicted and measured movement</h2>\n"
                                              : "<h2>Predicted movement</h2>\n";
  for (const Trace& t : r.traces) out += movement(t, r.channels);
  return out + "</body>\n</html>\n";
}

}  // namespace cutract
