// Drawings as text: well-formed, and with every curve where its axis says.
#include "eval/report/svg_chart.h"

#include <algorithm>
#include <limits>
#include <regex>

#include "tests/eval/well_formed.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::expect_well_formed;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

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
    for (int i = 0; i <= 10; ++i) {
      c.series[0].x.push_back(i);
      c.series[0].y.push_back(log ? std::pow(10, i % 4 - 1) : 10 * (i % 4));
    }
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
    for (int i = 1; i <= last; ++i) {
      c.series[0].x.push_back(i);
      c.series[0].y.push_back(i % 3);
    }
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
  c.best = 2;
  c.best_label = "best, epoch 2";
  const std::string drawn = figure(c);
  const auto at = numbers(curves(drawn, "s0").at(0));
  const auto dot = numbers(between(drawn, "class=\"dot\" ", "r=").at(0));
  ASSERT_EQ(dot.size(), 2u);
  EXPECT_NEAR(dot[0], at[2], 0.11);
  EXPECT_NEAR(dot[1], at[3], 0.11);
  EXPECT_NE(drawn.find(">best, epoch 2</text>"), std::string::npos);
  c.best = 9;
  EXPECT_EQ(figure(c).find("dot"), std::string::npos) << "it has no such epoch";
  c.best = 2;
  c.series[0].y[1] = kNaN;
  EXPECT_EQ(figure(c).find("dot"), std::string::npos);
}

TEST(Figure, StaysInsideItsFrame) {
  test::Rng rng(9);
  for (const double scale : {1e-9, 1.0, 1e12}) {
    Chart c{"t", "time (s)", "mm", {{"a", {}, {}}, {"b", {}, {}}}};
    for (int i = 0; i < 500; ++i)
      for (Series& s : c.series) {
        s.x.push_back(i);
        s.y.push_back(scale * rng.normal());
      }
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
  for (int i = 0; i < kPoints; ++i) {
    c.series[0].x.push_back(i);
    c.series[0].y.push_back(i == 31415 ? 9 : i == 77777 ? -9 : 0);
  }
  const auto at = numbers(curves(figure(c), "s0").at(0));
  EXPECT_LT(at.size() / 2, 3 * 480u);
  double top = 1e9, bottom = 0;
  for (std::size_t i = 0; i + 2 < at.size(); i += 2) {
    EXPECT_LE(at[i], at[i + 2]) << "time goes on";
    top = std::min(top, at[i + 1]);
    bottom = std::max(bottom, at[i + 1]);
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
