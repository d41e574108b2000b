// The page and its drawings as text: well-formed, self-contained, and with every curve where its axis says.
#include "eval/html_report.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <regex>

#include "eval/channel_names.h"
#include "eval/svg_chart.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Report example() {
  Report r;
  r.title = "Training: runs/demo", r.summary = "12 of at most 50 epochs, 30.0 s: training in progress.";
  r.facts = {{"model", "2 x 9 Bi-LSTM"}, {"corpus", "tiny"}};
  r.loss_name = "mse";
  r.channels = {{"tt_x", "mm"}, {"jaw", "rad"}};
  for (int e = 1; e <= 12; ++e)
    r.epochs.push_back({e, 1.0 / e, 1.1 / e + (e > 9 ? 0.1 : 0), 0.8, e > 5 ? 5e-4 : 1e-3, 2.5, {3.0 / e, 0.1}});
  Scores s;
  s.split = "val", s.loss_name = "mse", s.frames = 123456, s.utterances = 7, s.frame_step_s = 0.01;
  s.rmse = 0.842, s.pearson = 0.612, s.rmse_units = 2.314, s.rmse_units_name = "mm";
  s.channels = {{"tt_x", "mm", 0.8, 0.6, 2.25, 0.71}, {"jaw", "rad", 0.3, 0.2, 0.0891, {}}};
  s.speakers = {{"F01", 100000, 4, 0.8, 0.6, 2.2, 0.65}, {"M01", 23456, 3, 0.9, 0.7, {}, {}}};
  s.targets = {{"rmse", 0.842, 0.15, false}, {"pearson", 0.612, 0.5, true}, {"loss", {}, 0.0225, false}};
  r.scores = s, r.scores_title = "Scores on split val";
  Trace t{"u1, speaker F01", 0.016, 0.01, Matrix(50, 2), Matrix(50, 2)};
  for (std::size_t i = 0; i < 100; ++i)
    t.predicted.values[i] = std::sin(static_cast<float>(i) / 9),
    t.measured.values[i] = std::cos(static_cast<float>(i) / 9);
  t.text = "It was said.";
  r.traces = {t};
  return r;
}

// Every element that opens also closes, in order; attributes are in double quotes and contain no "<". This parser is
// written by hand, because a regex of the standard library recurses once per character.
void expect_well_formed(const std::string& page) {
  std::vector<std::string> open;
  std::size_t at = page.find('<');
  for (; at != std::string::npos; at = page.find('<', at)) {
    std::size_t end = at + 1;
    for (bool quoted = false; end < page.size() && (quoted || page[end] != '>'); ++end) {
      ASSERT_NE(page[end], '<') << page.substr(at, 80);
      if (page[end] == '"') quoted = !quoted;
    }
    ASSERT_LT(end, page.size()) << "a tag does not end";
    const std::string tag = page.substr(at + 1, end - at - 1), name = tag.substr(0, tag.find(' '));
    at = end;
    ASSERT_FALSE(name.empty() ||
                 !(std::isalpha(static_cast<unsigned char>(name[0])) || name[0] == '/' || name[0] == '!'))
        << tag;
    if (name == "meta" || name == "!DOCTYPE" || tag.back() == '/') continue;
    if (name[0] != '/') {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      ASSERT_EQ("/" + open.back(), name);
      open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

void expect_parts(const std::string& page, const std::vector<std::string>& wanted) {
  for (const std::string& part : wanted) EXPECT_NE(page.find(part), std::string::npos) << "no \"" << part << "\"";
}

TEST(HtmlReport, SaysWhatThereIs) {
  const std::string page = html_report(example());
  expect_well_formed(page);
  expect_parts(
      page,
      {"<title>Training: runs/demo</title>",
       "<h1>Training: runs/demo</h1>",
       "12 of at most 50 epochs",
       "<dt>model</dt><dd>2 x 9 Bi-LSTM</dd>",
       "<strong>Loss</strong>",
       "training (with dropout)",
       "Learning rate started at 0.001 and changed to 0.0005 in epoch 6 (dotted vertical lines). Best validation loss: "
       "0.1222 (epoch 9 of 12).",
       "best: epoch 9",
       "<th>epoch 9 (best)</th>",
       "<tr><td>tt_x</td><td>mm</td><td>3.000</td><td>0.333</td><td>0.250</td><td><svg class=\"spark\"",
       "7 utterances of 2 speakers, 123,456 frames, 20.6 min. RMSE 2.314 mm (1 channel in mm); mean r per utterance",
       "<tr><td>RMSE (z)</td><td>0.842</td><td>&le; 0.150</td><td class=\"bad\">no</td></tr>",
       "<tr><td>Pearson r</td><td>0.612</td><td>&ge; 0.500</td><td class=\"good\">yes</td></tr>",
       "<td>undefined</td><td>0.089</td><td class=\"text\">rad</td>",
       "<td>undefined</td><td>3</td><td>23,456</td>",
       "<strong>tt_x</strong><span class=\"faint\">tongue tip, front-back</span>",
       "<td>tt_x</td><td class=\"text\">tongue tip, front-back</td>",
       "<blockquote>It was said.</blockquote>",
       "<h3>u1, speaker F01</h3>",
       "Predicted and measured movement",
       "prefers-color-scheme: dark"});
  EXPECT_EQ(std::count(page.begin(), page.end(), '\0'), 0);
}

TEST(HtmlReport, JudgesOnlyAgainstTargetsThatAreSet) {
  Report r = example();
  r.scores->targets.clear();
  const std::string page = html_report(r);
  expect_well_formed(page);
  expect_parts(page, {"<tr><th>metric</th><th>value</th></tr>", "<tr><td>RMSE (z)</td><td>0.842</td></tr>"});
  EXPECT_EQ(page.find("target"), std::string::npos);
  EXPECT_EQ(page.find("met?"), std::string::npos);
}

TEST(HtmlReport, NeedsNothingFromOutside) {
  const std::string page = html_report(example());
  for (const char* part : {"http:", "https:", "src=", "href=", "url(", "@import", "<script", "<link", "<img", "onload"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  expect_parts(page, {"content=\"default-src 'none'; style-src 'unsafe-inline'\""});
}

TEST(HtmlReport, TextStaysText) {
  const std::string evil = "<script>alert(\"1\")</script>&'";
  const std::string tame = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";
  Report r = example();
  r.title = r.summary = r.loss_name = r.scores_title = r.traces[0].title = r.traces[0].text = evil;
  r.scores->each = {{evil, evil, 1, 1, 1, {}, {}}};
  r.facts = {{evil, evil}};
  for (Channel& c : r.channels) c = {evil, evil};
  r.scores->rmse_units_name = r.scores->loss_name = evil;
  for (ChannelScore& c : r.scores->channels) c.name = c.unit = evil;
  for (SpeakerScore& s : r.scores->speakers) s.name = evil;
  const std::string page = html_report(r);
  expect_well_formed(page);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("&'"), std::string::npos);
  std::size_t found = 0;
  for (auto at = page.find(tame); at != std::string::npos; at = page.find(tame, at + 1)) ++found;
  EXPECT_GE(found, 20u);
}

TEST(HtmlReport, UndefinedSaysSo) {
  Report r = example();
  for (EpochPoint& e : r.epochs) e.val_pearson = e.channel_rmse[0] = kNaN;
  r.epochs[3].train_loss = HUGE_VAL;
  r.scores->rmse = r.scores->channels[0].rmse = kNaN;
  r.scores->pearson_utterance.reset(), r.scores->rmse_units.reset();
  r.scores->pearson.reset();
  for (float& v : r.traces[0].predicted.values) v = std::nanf("");
  r.traces[0].measured.values[7] = HUGE_VALF;
  const std::string page = html_report(r);
  expect_well_formed(page);
  EXPECT_FALSE(std::regex_search(page, std::regex("nan|inf\\b", std::regex::icase)));
  expect_parts(page, {"<td>undefined</td><td>&ge; 0.500</td>", "<td>tt_x</td><td>mm</td><td>undefined</td>",
                      "RMSE undefined (1 channel in mm); mean r per utterance", ">undefined</text>"});
}

TEST(HtmlReport, PartsThatAreNotThereLeaveNoHole) {
  Report r;
  r.title = "bare";
  const std::string page = html_report(r);
  expect_well_formed(page);
  for (const char* part : {"<h2>", "<dl>", "<table>", "<figure>", "<p>"})
    EXPECT_EQ(page.find(part), std::string::npos) << part;
  r = example();
  r.epochs.resize(1), r.epochs[0].channel_rmse.clear();
  r.traces[0].measured = Matrix();
  const std::string one = html_report(r);
  expect_well_formed(one);
  EXPECT_EQ(one.find("Validation RMSE by channel"), std::string::npos) << "an older metrics.csv does not know it";
  for (const char* part : {" measured</span>", "Predicted and measured"}) EXPECT_EQ(one.find(part), std::string::npos);
  expect_parts(one, {"<h2>Predicted movement</h2>", "Learning rate stayed at 0.001.", "<circle class=\"s1\""});
}

TEST(HtmlReport, LoadsItselfAgainOnlyWhileAsked) {
  Report r = example();
  EXPECT_EQ(html_report(r).find("refresh"), std::string::npos);
  r.refresh_s = 10;
  expect_well_formed(html_report(r));
  expect_parts(html_report(r), {"<meta http-equiv=\"refresh\" content=\"10\">"});
}

TEST(HtmlReport, SmallUnitsKeepTheirDigits) {
  Report r = example();
  for (ChannelScore& c : r.scores->channels) c.unit = "m", c.rmse_units = 0.00125;
  expect_parts(html_report(r), {"<td>0.00125</td><td class=\"text\">m</td>"});
}

TEST(ChannelNames, AreThoseOfTheCorporaThatPeopleUse) {
  const std::vector<Channel> flat{{"tt_x", "mm"}, {"tt_y", "mm"}}, deep{{"TT_x", "mm"}, {"TT_y", "mm"}, {"TT_z", "mm"}};
  EXPECT_EQ(channel_meaning("tt_x", flat), "tongue tip, front-back");
  EXPECT_EQ(channel_meaning("tt_y", flat), "tongue tip, up-down");
  EXPECT_EQ(channel_meaning("TT_y", deep), "tongue tip, left-right");
  EXPECT_EQ(channel_meaning("TT_z", deep), "tongue tip, up-down");
  EXPECT_EQ(channel_meaning("LLx", flat), "lower lip, front-back");
  EXPECT_EQ(channel_meaning("velum", flat), "velum opening");
  for (const char* name : {"", "x", "_x", "tt", "height", "opening", "tt_w", "f0"})
    EXPECT_EQ(channel_meaning(name, flat), "") << name;
}

TEST(HtmlReport, ATraceOfOtherChannelsIsAMistake) {
  Report r = example();
  r.channels.pop_back();
  EXPECT_FAULT(html_report(r), Fault::internal, "trace.predicted: shape is [50,2], expected [50,1]");
}

TEST(Ticks, AreRoundNumbersWithinTheRange) {
  test::Rng rng(5);
  for (int i = 0; i < 2000; ++i) {
    const double lo = rng.normal() * std::pow(10, rng.uniform(-3, 4)), hi = lo + std::pow(10, rng.uniform(-3, 5));
    const int about = 3 + rng.below(8);
    const Ticks t = linear_ticks(lo, hi, about);
    SCOPED_TRACE(testing::Message() << lo << " to " << hi << ", about " << about);
    ASSERT_LE(t.at.size(), static_cast<std::size_t>(about) + 1);
    ASSERT_GE(t.at.size(), static_cast<std::size_t>(about / 2.5));
    const double step = t.at.size() > 1 ? t.at[1] - t.at[0] : 0;
    for (std::size_t k = 0; k < t.at.size(); ++k) {
      EXPECT_GE(t.at[k], lo - 1e-6 * (hi - lo));
      EXPECT_LE(t.at[k], hi + 1e-6 * (hi - lo));
      EXPECT_NEAR(t.at[k], t.at[0] + static_cast<double>(k) * step, 1e-9 * std::abs(hi));
      EXPECT_NEAR(std::stod(t.text[k]), t.at[k], 1e-5 * std::abs(t.at[k]) + 1e-9) << t.text[k];
    }
    if (step == 0) continue;
    const double leading = step / std::pow(10, std::floor(std::log10(step) + 1e-6));
    EXPECT_LT(std::min({std::abs(leading - 1), std::abs(leading - 2), std::abs(leading - 5)}), 1e-4) << step;
  }
}

TEST(Ticks, CountWholeThings) {
  for (int last = 2; last < 300; ++last)
    for (const double t : linear_ticks(1, last, 6, true).at) EXPECT_EQ(t, std::round(t));
  EXPECT_EQ(linear_ticks(1, 3, 6, true).text, (std::vector<std::string>{"1", "2", "3"}));
}

TEST(Ticks, OfALogarithmicAxis) {
  EXPECT_EQ(log_ticks(0.011, 1.9).text, (std::vector<std::string>{"0.02", "0.05", "0.1", "0.2", "0.5", "1"}));
  EXPECT_EQ(log_ticks(0.5, 2e5).text, (std::vector<std::string>{"1", "10", "100", "1000", "10000", "100000"}));
  EXPECT_LE(log_ticks(1e-30, 1e30).at.size(), 8u);
}

// Coordinates of a path, and those of the grid lines, taken from the text.
std::vector<double> numbers(const std::string& text) {
  static const std::regex number(R"(-?[0-9]+(\.[0-9]+)?)");
  std::vector<double> out;
  for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it)
    out.push_back(std::stod(it->str()));
  return out;
}
// The texts between these two, wherever they occur.
std::vector<std::string> between(const std::string& text, const std::string& from, const std::string& to) {
  std::vector<std::string> out;
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    at += from.size();
    out.push_back(text.substr(at, text.find(to, at) - at));
  }
  return out;
}
// The paths of the curves of a figure, without those of its legend.
std::vector<std::string> curves(const std::string& drawn, const char* line) {
  auto out = between(drawn, std::string("<path class=\"line ") + line + "\" d=\"", "\"");
  std::erase(out, "M1 5H25");
  return out;
}

// A curve through the values of the ticks passes through the positions of the ticks.
TEST(Figure, CurvesLieWhereTheAxesSay) {
  for (const bool log : {false, true}) {
    Chart c{"t", "x", "y", {{"a", {}, {}}}};
    c.log_y = log;
    for (int i = 0; i <= 10; ++i)
      c.series[0].x.push_back(i), c.series[0].y.push_back(log ? std::pow(10, i % 4 - 1) : 10 * (i % 4));
    const std::string drawn = figure(c);
    const auto grid = between(drawn, "class=\"grid\" d=\"", "\"");
    const auto value = between(drawn, "class=\"end\">", "<");
    auto x_at = between(drawn, "class=\"axis\" d=\"", "\"");
    x_at.pop_back();                                             // the axis itself
    const auto x_value = between(drawn, "class=\"mid\">", "<");  // the last is the label
    const std::vector<double> path = numbers(curves(drawn, "s0").at(0));
    ASSERT_EQ(path.size(), 22u);
    int compared = 0;
    for (std::size_t i = 0; i <= 10; ++i) {
      for (std::size_t k = 0; k < grid.size(); ++k) {
        if (std::abs(std::stod(value[k]) - c.series[0].y[i]) > 1e-9) continue;
        EXPECT_NEAR(path[2 * i + 1], numbers(grid[k])[1], 0.11) << "y = " << value[k];
        ++compared;
      }
      for (std::size_t k = 0; k < x_at.size(); ++k) {
        if (std::stod(x_value[k]) != c.series[0].x[i]) continue;
        EXPECT_NEAR(path[2 * i], numbers(x_at[k])[0], 0.11) << "x = " << x_value[k];
        ++compared;
      }
    }
    EXPECT_GE(compared, 11 + 5) << "log " << log;
    EXPECT_GT(path[1], path[3]) << "up is up";
    for (std::size_t i = 1; i < 3; ++i)  // equal steps, or equal factors
      EXPECT_NEAR(path[2 * i - 1] - path[2 * i + 1], path[2 * i + 1] - path[2 * i + 3], 0.21);
  }
}

// The values are positive and their ratio is 30. They are drawn on a linear axis unless the chart asks for another, so
// the middle value is in the middle.
TEST(Figure, IsLinearUnlessAskedAndSaysLog) {
  Chart c{"t", "time (s)", "mm", {{"a", {0, 1, 2}, {1, 15.5, 30}}}};
  const std::string linear = figure(c);
  const auto at = numbers(curves(linear, "s0").at(0));
  ASSERT_EQ(at.size(), 6u);
  EXPECT_NEAR(at[3], (at[1] + at[5]) / 2, 0.11);
  EXPECT_EQ(linear.find("log"), std::string::npos);
  c.log_y = true;
  const std::string log = figure(c);
  EXPECT_NE(log.find(">mm, log scale</text>"), std::string::npos);
  const auto log_at = numbers(curves(log, "s0").at(0));
  EXPECT_NEAR((log_at[1] - log_at[3]) / (log_at[1] - log_at[5]), std::log(15.5) / std::log(30), 0.002);
  c.series[0].y = {5, 6, 7};
  EXPECT_EQ(figure(c).find("log"), std::string::npos) << "too narrow a range for it";
  c.series[0].y = {-1, 6, 700};
  EXPECT_EQ(figure(c).find("log"), std::string::npos) << "no logarithm of a negative number";
}

TEST(Figure, CountsFromItsFirstTick) {
  for (const int last : {1, 2, 3, 7, 12, 50, 1000}) {
    Chart c{"t", "epoch", "y", {{"a", {}, {}}}};
    c.whole_x = true;
    for (int i = 1; i <= last; ++i) c.series[0].x.push_back(i), c.series[0].y.push_back(i % 3);
    const std::string drawn = figure(c);
    auto text = between(drawn, "class=\"mid\">", "<");
    text.pop_back();  // the label
    ASSERT_FALSE(text.empty());
    EXPECT_EQ(text[0], "1");
    for (const auto& t : text) EXPECT_LE(std::stoi(t), last);
    auto at = between(drawn, "class=\"axis\" d=\"", "\"");
    for (std::size_t i = 1; i + 1 < at.size(); ++i)
      EXPECT_GE(numbers(at[i])[0] - numbers(at[i - 1])[0], 23.9) << "room for the numbers";
  }
}

TEST(Figure, PointsOutTheBest) {
  Chart c{"t", "epoch", "y", {{"a", {1, 2, 3}, {5, 1, 2}}}};
  c.best = 2, c.best_label = "best, epoch 2";
  const std::string drawn = figure(c);
  const auto at = numbers(curves(drawn, "s0").at(0));
  const auto dot = numbers(between(drawn, "class=\"dot\" ", "r=").at(0));
  ASSERT_EQ(dot.size(), 2u);
  EXPECT_NEAR(dot[0], at[2], 0.11);
  EXPECT_NEAR(dot[1], at[3], 0.11);
  EXPECT_NE(drawn.find(">best, epoch 2</text>"), std::string::npos);
  c.best = 9;
  EXPECT_EQ(figure(c).find("dot"), std::string::npos) << "it has no such epoch";
  c.best = 2, c.series[0].y[1] = kNaN;
  EXPECT_EQ(figure(c).find("dot"), std::string::npos);
}

TEST(Figure, StaysInsideItsFrame) {
  test::Rng rng(9);
  for (const double scale : {1e-9, 1.0, 1e12}) {
    Chart c{"t", "time (s)", "mm", {{"a", {}, {}}, {"b", {}, {}}}};
    for (int i = 0; i < 500; ++i)
      for (Series& s : c.series) s.x.push_back(i), s.y.push_back(scale * rng.normal());
    const std::string drawn = figure(c);
    for (const char* line : {"s0", "s1"}) {
      const auto at = numbers(curves(drawn, line).at(0));
      ASSERT_EQ(at.size(), 1000u);
      for (std::size_t i = 0; i < at.size(); i += 2) {
        EXPECT_TRUE(at[i] > 10 && at[i] < c.width) << at[i];
        EXPECT_TRUE(at[i + 1] > 15 && at[i + 1] < c.height - 30) << at[i + 1];
      }
    }
    const auto grid = between(drawn, "class=\"grid\" d=\"", "\""), label = between(drawn, "class=\"end\">", "<");
    for (std::size_t i = 0; i < grid.size(); ++i)
      EXPECT_GT(numbers(grid[i])[0], 6 * static_cast<double>(label[i].size())) << "room for " << label[i];
  }
}

TEST(Figure, LongLinesKeepTheirPeaks) {
  constexpr int kPoints = 100000;
  Chart c{"t", "x", "y", {{"a", {}, {}}}};
  for (int i = 0; i < kPoints; ++i)
    c.series[0].x.push_back(i), c.series[0].y.push_back(i == 31415 ? 9 : i == 77777 ? -9 : 0);
  const auto at = numbers(curves(figure(c), "s0").at(0));
  EXPECT_LT(at.size() / 2, 3 * 480u);
  double top = 1e9, bottom = 0;
  for (std::size_t i = 0; i + 2 < at.size(); i += 2) {
    EXPECT_LE(at[i], at[i + 2]) << "time goes on";
    top = std::min(top, at[i + 1]), bottom = std::max(bottom, at[i + 1]);
  }
  const double middle = at[1];
  EXPECT_NEAR(middle - top, bottom - middle, 0.2);
  EXPECT_GT(bottom - top, 150);
}

TEST(Figure, GapsAreGaps) {
  Chart c{"t", "x", "y", {{"a", {0, 1, 2, 3, 4, 5}, {1, 2, kNaN, 3, kNaN, 5}}}};
  const std::string path = curves(figure(c), "s0").at(0);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'M'), 3);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'L'), 1);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'h'), 2) << "single values are dots";
}

TEST(Figure, DrawsWhatHasNoExtent) {
  for (const std::vector<double>& y :
       {std::vector<double>{}, {kNaN}, {0}, {5, 5, 5}, {1e300, 1e300}, {-1e-300, 1e-300}}) {
    Chart c{"t", "x", "y", {{"a", {}, y}}};
    for (std::size_t i = 0; i < y.size(); ++i) c.series[0].x.push_back(static_cast<double>(i));
    const std::string drawn = figure(c);
    expect_well_formed(drawn);
    EXPECT_FALSE(std::regex_search(drawn, std::regex("nan|inf"))) << drawn;
  }
}

TEST(Sparkline, NeedsTwoValues) {
  EXPECT_EQ(sparkline(std::vector<double>{}), "");
  EXPECT_EQ(sparkline(std::vector<double>{kNaN, 3, kNaN}), "");
  expect_well_formed(sparkline(std::vector<double>{4, kNaN, 4}));
}

}  // namespace
}  // namespace cutract
