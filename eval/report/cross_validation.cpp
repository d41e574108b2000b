#include "eval/cross_validation.h"

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

std::string label_of(const CrossValidation& c, const Column& column) {
  const std::string label = column.label;
  return label == "RMSE" ? "RMSE (" + c.folds[0].scores.unit + ")" : label;
}

OverSeeds over_folds(const CrossValidation& c, Score score) {
  std::vector<double> values;
  for (const FoldScores& f : c.folds)
    if (const auto v = f.scores.whole.*score) values.push_back(*v);
  return values.size() < c.folds.size() ? OverSeeds{} : mean_and_deviation(values);
}

std::string text_of(std::optional<double> v) { return v ? fixed(*v) : "-"; }

std::int64_t utterances_of(const FoldScores& f) { return std::ssize(f.scores.utterances); }

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

std::string cross_validation_table(const CrossValidation& c) {
  constexpr const char* kLine = "{:<16}{:>12}{:>12}{:>14}{:>12}{:>12}\n";
  std::string out = fmt::format(kLine, "fold", "utterances", "RMSE (z)", label_of(c, kColumns[1]), "MAE (z)", "Pearson r");
  const auto add = [&](const std::string& name, const std::string& utterances, const auto& value) {
    out += fmt::format(kLine, shortened(printable(name), 16), utterances, text_of(value(kColumns[0].score)),
                       text_of(value(kColumns[1].score)), text_of(value(kColumns[2].score)),
                       text_of(value(kColumns[3].score)));
  };
  for (const FoldScores& f : c.folds)
    add(f.name, thousands(utterances_of(f)), [&](Score s) { return f.scores.whole.*s; });
  add("mean", "", [&](Score s) { return over_folds(c, s).mean; });
  add("deviation", "", [&](Score s) { return over_folds(c, s).deviation; });
  return out;
}

std::string cross_validation_json(const CrossValidation& c) {
  Json folds = Json::array();
  for (const FoldScores& f : c.folds) {
    Json one{{"fold", f.name}, {"utterances", utterances_of(f)}};
    one.update(scores_json([&](Score s) { return f.scores.whole.*s; }));
    folds.push_back(std::move(one));
  }
  Json out;
  out["title"] = c.title;
  out["unit"] = c.folds[0].scores.unit;
  out["folds"] = std::move(folds);
  out["mean"] = scores_json([&](Score s) { return over_folds(c, s).mean; });
  out["deviation"] = scores_json([&](Score s) { return over_folds(c, s).deviation; });
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string cross_validation_page(const CrossValidation& c) {
  std::string rows = "<tr><th>fold</th><th>utterances</th>";
  for (const Column& column : kColumns) rows += "<th>" + escape_markup(label_of(c, column)) + "</th>";
  rows += "</tr>\n";
  for (const FoldScores& f : c.folds) {
    const std::string name = escape_markup(f.name);
    rows += page_row(fmt::format("<a href=\"runs/{0}/report.html\">{0}</a>", name), thousands(utterances_of(f)),
                     [&](Score s) { return f.scores.whole.*s; });
  }
  rows += page_row("mean", "", [&](Score s) { return over_folds(c, s).mean; });
  rows += page_row("standard deviation", "", [&](Score s) { return over_folds(c, s).deviation; });
  return page_head(c.title, "") + "<body>\n<h1>" + escape_markup(c.title) +
         "</h1>\n<p>Each fold was scored by a model that was trained without it. The names link to the reports of the "
         "trainings.</p>\n" +
         table_block("Scores by fold", rows) + "</body>\n</html>\n";
}

}  // namespace cutract
