#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "eval/report/html_parts.h"
#include "eval/report/svg_chart.h"

namespace cutract {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

template <class Value>
Series curve(const std::string& name, const std::vector<EpochPoint>& epochs, Value value) {
  Series s{name, {}, {}};
  for (const EpochPoint& e : epochs) {
    s.x.push_back(e.epoch);
    s.y.push_back(value(e));
  }
  return s;
}

double rmse_of(const EpochPoint& e, std::size_t channel) {
  return channel < e.channel_rmse.size() ? e.channel_rmse[channel] : kUnknown;
}

const EpochPoint& best_of(const std::vector<EpochPoint>& epochs) {
  return *std::min_element(epochs.begin(), epochs.end(),
                           [](const EpochPoint& a, const EpochPoint& b) { return a.val_loss < b.val_loss; });
}

// Finds the epochs at which the learning rate changes.
std::vector<const EpochPoint*> rate_changes(const std::vector<EpochPoint>& epochs) {
  std::vector<const EpochPoint*> out;
  for (std::size_t i = 1; i < epochs.size(); ++i)
    if (epochs[i].lr != epochs[i - 1].lr) out.push_back(&epochs[i]);
  return out;
}

std::string rate_sentence(const Report& r) {
  const auto changes = rate_changes(r.epochs);
  if (changes.empty()) return fmt::format("Learning rate stayed at {:.3g}.", r.epochs.front().lr);
  std::string out = fmt::format("Learning rate started at {:.3g} and changed to ", r.epochs.front().lr);
  for (const EpochPoint* e : changes)
    out += fmt::format("{}{:.3g} in epoch {}", e == changes.front() ? "" : ", ", e->lr, e->epoch);
  return out + " (dotted vertical lines).";
}

Chart epoch_chart(const Report& r, const std::string& title, const std::string& unit) {
  const EpochPoint& best = best_of(r.epochs);
  Chart c{.title = title,
          .x_label = "epoch",
          .y_label = unit,
          .best = best.epoch,
          .best_label = fmt::format("best: epoch {}", best.epoch),
          .whole_x = true,
          .width = 440,
          .height = 250};
  for (const EpochPoint* e : rate_changes(r.epochs)) c.marks.push_back(e->epoch);
  return c;
}

}  // namespace

std::string learning_section(const Report& r) {
  if (r.epochs.empty()) return "";
  const EpochPoint& best = best_of(r.epochs);
  Chart loss = epoch_chart(r, "Loss", r.loss_name + " (z)");
  loss.log_y = true;
  loss.series = {curve("validation", r.epochs, [](const EpochPoint& e) { return e.val_loss; }),
                 curve("training (with dropout)", r.epochs, [](const EpochPoint& e) { return e.train_loss; })};
  Chart pearson = epoch_chart(r, "Pearson r on validation data", "r, mean over channels");
  pearson.series = {curve("", r.epochs, [](const EpochPoint& e) { return e.val_pearson; })};
  return "<h2>Learning</h2>\n<div class=\"two\">\n" + figure(loss) + figure(pearson) + "</div>\n" +
         fmt::format("<p class=\"faint\">{} Best validation loss: {} (epoch {} of {}).</p>\n", rate_sentence(r),
                     fixed(best.val_loss, 4), best.epoch, r.epochs.back().epoch);
}

std::string learning_table(const Report& r) {
  const bool known =
      std::any_of(r.epochs.begin(), r.epochs.end(), [](const auto& e) { return !e.channel_rmse.empty(); });
  if (!known) return "";
  const EpochPoint& best = best_of(r.epochs);
  std::vector<double> all;
  for (const EpochPoint& e : r.epochs) all.insert(all.end(), e.channel_rmse.begin(), e.channel_rmse.end());
  const int decimals = column_decimals(all);
  std::string rows = fmt::format(
      "<tr><th>channel</th><th>unit</th><th>epoch {}</th><th>epoch {} (best)</th><th>epoch {} (last)</th>"
      "<th>over epochs</th></tr>\n",
      r.epochs.front().epoch, best.epoch, r.epochs.back().epoch);
  for (std::size_t c = 0; c < r.channels.size(); ++c) {
    const Series s = curve("", r.epochs, [&](const EpochPoint& e) { return rmse_of(e, c); });
    rows +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    escape_markup(r.channels[c].name), escape_markup(r.channels[c].unit), fixed(s.y.front(), decimals),
                    fixed(rmse_of(best, c), decimals), fixed(s.y.back(), decimals), sparkline(s.y));
  }
  return table_block("Validation RMSE by channel", rows);
}

}  // namespace cutract
