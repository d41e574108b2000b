#include "eval/report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "eval/report/channel_names.h"
#include "eval/report/html_parts.h"
#include "eval/report/svg_chart.h"

namespace cutract {
namespace {

std::string facts(const std::vector<Fact>& all) {
  std::string out = "<dl>\n";
  for (const Fact& f : all)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_markup(f.name), escape_markup(f.value));
  return all.empty() ? "" : out + "</dl>\n";
}

Series column(const std::string& name, const Trace& t, const Matrix& m, Index channel) {
  Series s{name, {}, {}};
  for (Index i = 0; i < m.rows; ++i) {
    s.x.push_back(t.first_s + static_cast<double>(i) * t.step_s);
    s.y.push_back(m.row(i)[channel]);
  }
  return s;
}

std::string movement(const Trace& t, const std::vector<Channel>& channels) {
  const auto P = static_cast<Index>(channels.size());
  expect_shape("trace.predicted", t.predicted.view(), {t.predicted.rows, P});
  if (t.measured.rows > 0) expect_shape("trace.measured", t.measured.view(), {t.predicted.rows, P});
  std::string out = t.title.empty() ? "" : "<h3>" + escape_markup(t.title) + "</h3>\n";
  if (!t.text.empty()) out += "<blockquote>" + escape_markup(t.text) + "</blockquote>\n";
  out += "<div class=\"many\">\n";
  for (Index p = 0; p < P; ++p) {
    const Channel& c = channels[static_cast<std::size_t>(p)];
    Chart chart{.title = c.name,
                .x_label = "time (s)",
                .y_label = c.unit,
                .series = {column("predicted", t, t.predicted, p)},
                .note = channel_meaning(c.name, channels),
                .width = 380,
                .height = 190};
    if (t.measured.rows > 0) chart.series.push_back(column("measured", t, t.measured, p));
    out += figure(chart);
  }
  return out + "</div>\n";
}

std::string movements(const Report& r) {
  if (r.traces.empty()) return "";
  const bool measured = r.traces.front().measured.rows > 0;
  std::string out = measured ? "<h2>Predicted and measured movement</h2>\n" : "<h2>Predicted movement</h2>\n";
  for (const Trace& t : r.traces) out += movement(t, r.channels);
  return out;
}

// Tables are side by side where the page is wide enough.
std::string tables(const Report& r) {
  const std::string all =
      (r.scores ? scores_tables(*r.scores, !r.traces.empty()) : "") + learning_table(r) + channel_table(r);
  return all.empty() ? "" : "<h2>Details</h2>\n<div class=\"tables\">\n" + all + "</div>\n";
}

std::string head(const Report& r) {
  return page_head(r.title,
                   r.refresh_s > 0 ? fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", r.refresh_s) : "");
}

}  // namespace

std::string page_head(const std::string& title, const std::string& more) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
      "content=\"width=device-width, initial-scale=1\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n{}<title>{}</title>\n<style>{}</style>\n</head>\n",
      more, escape_markup(title), page_style());
}

std::string fixed(double v, int decimals) {
  if (!std::isfinite(v)) return "undefined";
  return std::abs(v) < 1e9 ? fmt::format("{:.{}f}", v, decimals) : fmt::format("{:.4g}", v);
}

int column_decimals(std::span<const double> column) {
  double largest = 0;
  for (const double v : column)
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  if (largest >= 0.1 || largest == 0) return 3;
  return std::min(2 - static_cast<int>(std::floor(std::log10(largest))), 9);
}

std::string table_block(const std::string& title, const std::string& rows) {
  return fmt::format("<section><h3>{}</h3>\n<div class=\"wide\"><table>{}</table></div></section>\n",
                     escape_markup(title), rows);
}

std::string channel_table(const Report& r) {
  std::string rows;
  for (const Channel& c : r.channels) {
    const std::string meaning = channel_meaning(c.name, r.channels);
    if (meaning.empty()) continue;
    rows += fmt::format("<tr><td>{}</td><td class=\"text\">{}</td><td class=\"text\">{}</td></tr>\n",
                        escape_markup(c.name), escape_markup(meaning), escape_markup(c.unit));
  }
  if (rows.empty()) return "";
  return table_block("Channel names",
                     "<tr><th>channel</th><th class=\"text\">meaning</th><th class=\"text\">unit</th></tr>\n" + rows);
}

std::string terms_section(const Report& r) {
  if (!r.scores && r.epochs.empty()) return "";
  std::string out = "<h2>Terms</h2>\n";
  const auto term = [](const char* name, const char* text) {
    return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", name, text);
  };
  out += "<dl>\n";
  out += term("z",
              "Standard deviations of the training data, per channel: an RMSE of 1 (z) is about that of always "
              "predicting the mean.");
  out += term("RMSE", "Root mean square error, over all frames. All frames are scored, including silence.");
  out += term("MAE", "Mean absolute error, over all frames.");
  out += term("Pearson r",
              "Correlation of predicted and measured movement over all frames of the split, for each channel, "
              "then averaged over channels.");
  out += term("mean r per utterance",
              "The same correlation within each utterance, averaged over utterances and channels.");
  out += term("loss", "What training minimises: mse is the mean square error, mae the mean absolute error (z).");
  return out + "</dl>\n";
}

std::string html_report(const Report& r) {
  std::string out = head(r) + "<body>\n<h1>" + escape_markup(r.title) + "</h1>\n";
  if (!r.summary.empty()) out += "<p>" + escape_markup(r.summary) + "</p>\n";
  const std::string scores = r.scores ? scores_head(*r.scores, r.scores_title) : "";
  out += facts(r.facts);
  // A page about a model's predictions begins with the predictions; one about a training begins with its curves.
  out += r.traces.empty() ? learning_section(r) + scores : scores + movements(r) + learning_section(r);
  return out + tables(r) + terms_section(r) + "</body>\n</html>\n";
}

}  // namespace cutract
