#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/html_report.h"
#include "eval/svg_chart.h"

namespace cutract {
namespace {

std::string shown(std::optional<double> v, int decimals = 3) {
  return v && std::isfinite(*v) ? fmt::format("{:.{}f}", *v, decimals) : "undefined";
}

std::string in_units(std::optional<double> v, const std::string& unit) {
  return v && std::isfinite(*v) ? four_digits(*v) + " " + escape_markup(unit) : "undefined";
}

// 0 to 1; a negative r has an empty bar, its sign is in the number.
std::string bar(std::optional<double> r) {
  if (!r || !std::isfinite(*r)) return "";
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
      "width=\"{:.0f}\" "
      "height=\"10\"/></svg>",
      100 * std::clamp(*r, 0.0, 1.0));
}

// The four metrics, with targets and verdicts where the config sets any.
std::string headline(const Scores& s) {
  const bool judged = !s.targets.empty();
  std::string out = "<div class=\"wide\"><table><tr><th>metric</th><th>value</th>";
  out += judged ? "<th>target</th><th>met?</th></tr>\n" : "</tr>\n";
  for (const Metric& m : headline_metrics(s)) {
    out += fmt::format("<tr><td>{}</td><td>{}</td>", escape_markup(m.label), shown(m.value, m.decimals));
    const auto t = std::find_if(s.targets.begin(), s.targets.end(), [&](const Target& x) { return x.metric == m.key; });
    if (t != s.targets.end())
      out += fmt::format("<td>{} {:.{}f}</td><td class=\"{}\">{}</td>", t->metric == "pearson" ? "&ge;" : "&le;",
                         t->target, m.decimals, t->met ? "good" : "bad", t->met ? "yes" : "no");
    else if (judged)
      out += "<td></td><td></td>";
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string channels(const Scores& s) {
  std::string out =
      "<h3>By channel</h3>\n<div class=\"wide\"><table><tr><th>channel</th><th>RMSE (z)</th><th>MAE (z)</th><th>RMSE "
      "in "
      "units</th><th>Pearson r</th><th></th></tr>\n";
  for (const ChannelScore& c : s.channels)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_markup(c.name), shown(c.rmse), shown(c.mae), in_units(c.rmse_units, c.unit),
                       shown(c.pearson), bar(c.pearson));
  return out + "</table></div>\n";
}

std::string speakers(const Scores& s) {
  std::string out =
      "<h3>By speaker</h3>\n<div class=\"wide\"><table><tr><th>speaker</th><th>RMSE (z)</th><th>MAE (z)</th><th>RMSE "
      "in "
      "units</th><th>Pearson r</th><th>utterances</th><th>frames</th></tr>\n";
  for (const SpeakerScore& p : s.speakers)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escape_markup(p.name), shown(p.rmse), shown(p.mae), in_units(p.rmse_units, s.rmse_units_name),
                       shown(p.pearson), thousands(p.utterances), thousands(p.frames));
  return out + "</table></div>\n";
}

std::string in_words(const Scores& s) {
  std::string out = fmt::format("<p>{} utterances of {} speakers, {} frames", thousands(s.utterances),
                                s.speakers.size(), thousands(s.frames));
  const double minutes = static_cast<double>(s.frames) * s.frame_step_s / 60;
  if (minutes > 0) out += fmt::format(", {:.1f} min", minutes);
  out += fmt::format(
      ". RMSE in units {}; Pearson r within utterances {}; always predicting the mean has RMSE (z) {}.</p>\n",
      in_units(s.rmse_units, s.rmse_units_name), shown(s.pearson_utterance), shown(s.rmse_mean_predictor));
  return out;
}

std::string notes(const Scores& s) {
  std::string out =
      "<p class=\"faint\">z: in standard deviations of the training data. Every frame counts, silence too.";
  if (s.undefined_channels > 0 || s.undefined_utterances > 0)
    out += fmt::format(
        " r is undefined, and in no mean, for {} of {} channels and for {} of {} pairs of utterance and channel (a "
        "side is "
        "constant, or there is one frame).",
        s.undefined_channels, s.channels.size(), s.undefined_utterances,
        s.utterances * static_cast<Index>(s.channels.size()));
  return out + "</p>\n";
}

}  // namespace

std::string scores_section(const Scores& s, const std::string& title) {
  return "<h2>" + escape_markup(title) + "</h2>\n" + in_words(s) + headline(s) + channels(s) + speakers(s) + notes(s);
}

}  // namespace cutract
