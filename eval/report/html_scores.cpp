#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/report/html_parts.h"
#include "eval/report/svg_chart.h"

namespace cutract {
namespace {

std::string shown(std::optional<double> v, int decimals = 3) { return v ? fixed(*v, decimals) : "undefined"; }

constexpr const char* kNotMeasured = "not measured";

// A score over `values`, of which some are missing.
std::string scored(double v, Index missing, Index values, int decimals = 3) {
  return missing < values || values == 0 ? fixed(v, decimals) : kNotMeasured;
}

std::string with_unit(std::optional<double> v, const std::string& unit) {
  if (!v || !std::isfinite(*v)) return "undefined";
  return fixed(*v, column_decimals(std::span(&*v, 1))) + " " + escape_markup(unit);
}

// Returns a bar that shows the share of the largest value in a column, so that the worst stands out.
std::string bar(double v, double largest) {
  if (!std::isfinite(v) || !std::isfinite(largest) || largest <= 0) return "";
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
      "width=\"{:.0f}\" height=\"10\"/></svg>",
      100 * std::clamp(v / largest, 0.0, 1.0));
}

// The four metrics, with targets and verdicts if the config sets any.
std::string headline(const Scores& s) {
  const bool judged = !s.goals.empty();
  std::string out = "<div class=\"wide\"><table><tr><th>metric</th><th>value</th>";
  out += judged ? "<th>target</th><th>met?</th></tr>\n" : "</tr>\n";
  for (const Metric& m : headline_metrics(s)) {
    out += fmt::format("<tr><td>{}</td><td>{}</td>", escape_markup(m.label), shown(m.value, m.decimals));
    const auto t = std::find_if(s.goals.begin(), s.goals.end(), [&](const Goal& x) { return x.metric == m.key; });
    if (t != s.goals.end())
      out += fmt::format("<td>{} {:.{}f}</td><td class=\"{}\">{}</td>", t->metric == "pearson" ? "&ge;" : "&le;",
                         t->target, m.decimals, t->met ? "good" : "bad", t->met ? "yes" : "no");
    else if (judged)
      out += "<td></td><td></td>";
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string channels(const Scores& s) {
  std::vector<double> units;
  double largest = 0;
  for (const ChannelScore& c : s.channels) {
    units.push_back(c.rmse_units);
    if (std::isfinite(c.rmse)) largest = std::max(largest, c.rmse);
  }
  const int decimals = column_decimals(units);
  const bool gaps = s.missing > 0;
  std::string rows = fmt::format(
      "<tr><th>channel</th><th>RMSE (z)</th><th></th><th>MAE (z)</th><th>Pearson r</th><th>RMSE</th><th "
      "class=\"text\">unit</th>{}</tr>\n",
      gaps ? "<th>missing</th>" : "");
  for (const ChannelScore& c : s.channels)
    rows += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=\"text\">{}</td>{}</tr>\n",
        escape_markup(c.name), scored(c.rmse, c.missing, s.frames), bar(c.rmse, largest),
        scored(c.mae, c.missing, s.frames), c.missing < s.frames || s.missing == 0 ? shown(c.pearson) : kNotMeasured,
        scored(c.rmse_units, c.missing, s.frames, decimals), escape_markup(c.unit),
        gaps ? fmt::format("<td>{}</td>", thousands(c.missing)) : "");
  return table_block("By channel", rows);
}

std::string speakers(const Scores& s) {
  std::vector<double> units;
  units.reserve(s.speakers.size());
  for (const SpeakerScore& p : s.speakers) units.push_back(p.rmse_units.value_or(0));
  const int decimals = column_decimals(units);
  std::string rows = fmt::format(
      "<tr><th>speaker</th><th>RMSE (z)</th><th>MAE (z)</th><th>Pearson r</th><th>RMSE ({})</th><th>utterances</th>"
      "<th>frames</th></tr>\n",
      escape_markup(s.rmse_units_name));
  for (const SpeakerScore& p : s.speakers)
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        escape_markup(p.name), scored(p.rmse, p.missing, p.frames * std::ssize(s.channels)),
                        scored(p.mae, p.missing, p.frames * std::ssize(s.channels)), shown(p.pearson),
                        shown(p.rmse_units, decimals), thousands(p.utterances), thousands(p.frames));
  return table_block("By speaker", rows);
}

// This table is folded, because a split can have thousands of utterances.
std::string utterances(const Scores& s) {
  std::vector<double> units;
  units.reserve(s.each.size());
  for (const UtteranceScore& u : s.each) units.push_back(u.rmse_units.value_or(0));
  const int decimals = column_decimals(units);
  std::string out = fmt::format(
      "<details><summary>By utterance ({})</summary><div class=\"wide\"><table><tr><th>utterance</th><th "
      "class=\"text\">speaker</th><th>RMSE (z)</th><th>MAE (z)</th><th>Pearson r</th><th>RMSE "
      "({})</th><th>frames</th></tr>\n",
      thousands(std::ssize(s.each)), escape_markup(s.rmse_units_name));
  for (const UtteranceScore& u : s.each)
    out += fmt::format(
        "<tr><td>{}</td><td class=\"text\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape_markup(u.id), escape_markup(u.speaker), scored(u.rmse, u.missing, u.frames * std::ssize(s.channels)),
        scored(u.mae, u.missing, u.frames * std::ssize(s.channels)), shown(u.pearson), shown(u.rmse_units, decimals),
        thousands(u.frames));
  return out + "</table></div></details>\n";
}

std::string in_words(const Scores& s) {
  std::string out =
      fmt::format("<p>{} of {}, {}", thousands(s.utterances, "utterance", "utterances"),
                  thousands(std::ssize(s.speakers), "speaker", "speakers"), thousands(s.frames, "frame", "frames"));
  const double minutes = static_cast<double>(s.frames) * s.frame_step_s / 60;
  if (minutes > 0) out += fmt::format(", {:.1f} min", minutes);
  const auto n = std::count_if(s.channels.begin(), s.channels.end(),
                               [&](const ChannelScore& c) { return c.unit == s.rmse_units_name; });
  return out +
         fmt::format(
             ". RMSE {} ({} in {}); mean r per utterance {}. Always predicting the mean would have RMSE {} (z).</p>\n",
             with_unit(s.rmse_units, s.rmse_units_name), thousands(n, "channel", "channels"),
             escape_markup(s.rmse_units_name), shown(s.pearson_utterance), fixed(s.rmse_mean_predictor));
}

std::string missing_note(const Scores& s) {
  if (s.missing == 0) return "";
  const std::string lacking = lacking_text(s);
  return fmt::format("<p>{} and not scored.{}</p>\n", missing_text(s),
                     lacking.empty() ? "" : " Not measured: " + escape_markup(lacking) + ".");
}

std::string undefined_note(const Scores& s) {
  if (s.undefined_channels == 0 && s.undefined_utterances == 0) return "";
  return fmt::format(
      "<p class=\"faint\">r is undefined for {} of {} and for {} of {}: one side is constant, or there is a single "
      "frame. "
      "Means of r leave these out.</p>\n",
      s.undefined_channels, thousands(std::ssize(s.channels), "channel", "channels"), thousands(s.undefined_utterances),
      thousands(s.utterances * std::ssize(s.channels) - s.missing_pairs, "pair of utterance and channel",
                "pairs of utterance and channel"));
}

}  // namespace

std::string scores_head(const Scores& s, const std::string& title) {
  return "<h2>" + escape_markup(title) + "</h2>\n" + in_words(s) + missing_note(s) + headline(s) + undefined_note(s);
}

std::string scores_tables(const Scores& s, bool each) {
  return channels(s) + speakers(s) + (each && !s.each.empty() ? "<section>" + utterances(s) + "</section>\n" : "");
}

}  // namespace cutract
