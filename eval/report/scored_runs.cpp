#include "eval/scored_runs.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "eval/metrics.h"
#include "eval/report/html_parts.h"
#include "eval/report/svg_chart.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using Json = nlohmann::ordered_json;
using Score = std::optional<double> ScoredSplit::Utterance::*;

struct Column {
  const char *key, *label;
  Score score;
};
constexpr Column kColumns[] = {{"rmse", "RMSE (z)", &ScoredSplit::Utterance::rmse},
                               {"rmse_units", "RMSE", &ScoredSplit::Utterance::rmse_units},
                               {"mae", "MAE (z)", &ScoredSplit::Utterance::mae},
                               {"pearson", "Pearson r", &ScoredSplit::Utterance::pearson}};

std::string label_of(const ScoredRuns& c, const Column& column) {
  const std::string label = column.label;
  return label == "RMSE" ? "RMSE (" + c.runs[0].scores.unit + ")" : label;
}

OverSeeds over_runs(const ScoredRuns& c, Score score) {
  std::vector<double> values;
  for (const ScoredRun& f : c.runs)
    if (const auto v = f.scores.whole.*score) values.push_back(*v);
  return values.size() < c.runs.size() ? OverSeeds{} : mean_and_deviation(values);
}

std::string text_of(std::optional<double> v) { return v ? fixed(*v) : "-"; }

std::int64_t utterances_of(const ScoredRun& f) { return std::ssize(f.scores.utterances); }

Json number(std::optional<double> v) { return v && std::isfinite(*v) ? Json(*v) : Json(nullptr); }

Json scores_json(const std::function<std::optional<double>(Score)>& value) {
  Json out;
  for (const Column& column : kColumns) out[column.key] = number(value(column.score));
  return out;
}

std::string page_row(const std::string& name, const std::string& utterances,
                     const std::function<std::optional<double>(Score)>& value) {
  std::string row = "<tr><td>" + name + "</td><td>" + utterances + "</td>";
  for (const Column& column : kColumns) row += "<td>" + text_of(value(column.score)) + "</td>";
  return row + "</tr>\n";
}

}  // namespace

std::string scored_runs_table(const ScoredRuns& c) {
  constexpr const char* kLine = "{:<16}{:>12}{:>12}{:>14}{:>12}{:>12}\n";
  std::string out =
      fmt::format(kLine, c.kind, "utterances", "RMSE (z)", label_of(c, kColumns[1]), "MAE (z)", "Pearson r");
  const auto add = [&](const std::string& name, const std::string& utterances, const auto& value) {
    out += fmt::format(kLine, shortened(printable(name), 16), utterances, text_of(value(kColumns[0].score)),
                       text_of(value(kColumns[1].score)), text_of(value(kColumns[2].score)),
                       text_of(value(kColumns[3].score)));
  };
  for (const ScoredRun& f : c.runs)
    add(f.name, thousands(utterances_of(f)), [&](Score s) { return f.scores.whole.*s; });
  add("mean", "", [&](Score s) { return over_runs(c, s).mean; });
  add("deviation", "", [&](Score s) { return over_runs(c, s).deviation; });
  return out;
}

std::string scored_runs_json(const ScoredRuns& c) {
  Json runs = Json::array();
  for (const ScoredRun& f : c.runs) {
    Json one{{c.kind, f.name}, {"utterances", utterances_of(f)}};
    one.update(scores_json([&](Score s) { return f.scores.whole.*s; }));
    runs.push_back(std::move(one));
  }
  Json out;
  out["title"] = c.title;
  out["unit"] = c.runs[0].scores.unit;
  out[c.kind + "s"] = std::move(runs);
  out["mean"] = scores_json([&](Score s) { return over_runs(c, s).mean; });
  out["deviation"] = scores_json([&](Score s) { return over_runs(c, s).deviation; });
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string scored_runs_page(const ScoredRuns& c) {
  std::string rows = "<tr><th>" + escape_markup(c.kind) + "</th><th>utterances</th>";
  for (const Column& column : kColumns) rows += "<th>" + escape_markup(label_of(c, column)) + "</th>";
  rows += "</tr>\n";
  for (const ScoredRun& f : c.runs) {
    const std::string name = escape_markup(f.name);
    rows += page_row(fmt::format("<a href=\"runs/{0}/report.html\">{0}</a>", name), thousands(utterances_of(f)),
                     [&](Score s) { return f.scores.whole.*s; });
  }
  rows += page_row("mean", "", [&](Score s) { return over_runs(c, s).mean; });
  rows += page_row("standard deviation", "", [&](Score s) { return over_runs(c, s).deviation; });
  return page_head(c.title, "") + "<body>\n<h1>" + escape_markup(c.title) + "</h1>\n<p>" +
         escape_markup(c.explanation) + "</p>\n" + table_block("Scores by " + c.kind, rows) + "</body>\n</html>\n";
}

}  // namespace cutract
