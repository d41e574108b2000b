#include "eval/report/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "host/core/plant.h"

namespace cutract {
namespace {

constexpr double kLetter = 6.4, kTop = 20, kBottom = 36, kRight = 20;  // for an 11-unit font
constexpr double kLogSpan = 20;

std::string number_text(double v, int decimals) {
  if (v != 0 && (std::abs(v) >= 1e6 || std::abs(v) < 1e-4)) return fmt::format("{:g}", v);
  return fmt::format("{:.{}f}", v, decimals);
}

// Maps values to the drawing's coordinates.
struct Axis {
  double lo = 0, hi = 1, from = 0, to = 1;
  bool log = false;
  double operator()(double v) const {
    const double a = log ? std::log10(lo) : lo, b = log ? std::log10(hi) : hi, x = log ? std::log10(v) : v;
    return from + (x - a) / (b - a) * (to - from);
  }
};

struct Extent {
  double lo = HUGE_VAL, hi = -HUGE_VAL;
  void add(double v) {
    if (std::isfinite(v)) {
      lo = std::min(lo, v);
      hi = std::max(hi, v);
    }
  }
  bool any() const { return lo <= hi; }
};

// Adds room around the values, also if they are all equal.
Extent with_room(Extent e, bool log) {
  if (log) {
    const double room = std::pow(e.hi / e.lo, 0.05);
    return {e.lo / room, e.hi * room};
  }
  const double room = e.hi > e.lo ? 0.05 * (e.hi - e.lo) : std::max(0.05 * std::abs(e.hi), 0.5);
  return {e.lo - room, e.hi + room};
}

struct Point {
  double x, y;
};

// If there are many points on few columns, the first, the lowest and the highest of each column show all that is
// visible.
std::vector<Point> thinned(const std::vector<Point>& all, double width) {
  const auto columns = static_cast<std::size_t>(width);
  if (all.size() <= 3 * columns) return all;
  std::vector<Point> out;
  for (std::size_t c = 0; c < columns; ++c) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(c * all.size() / columns);
    const auto end = all.begin() + static_cast<std::ptrdiff_t>((c + 1) * all.size() / columns);
    const auto [low, high] = std::minmax_element(begin, end, [](const Point& a, const Point& b) { return a.y < b.y; });
    out.push_back(*begin);
    for (const auto& p : {std::min(low, high), std::max(low, high)})
      if (p != begin) out.push_back(*p);
  }
  out.push_back(all.back());
  return out;
}

void append_run(std::string& path, const std::vector<Point>& run, double width) {
  if (run.empty()) return;
  char step = 'M';
  for (const Point& p : thinned(run, width)) {
    fmt::format_to(std::back_inserter(path), "{}{:.1f} {:.1f}", step, p.x, p.y);
    step = 'L';
  }
  if (run.size() == 1) path += "h.01";  // a dot
}

std::string path_of(const Series& s, const Axis& x, const Axis& y) {
  std::string path;
  std::vector<Point> run;
  for (std::size_t i = 0; i < s.x.size() && i < s.y.size(); ++i) {
    if (std::isfinite(s.x[i]) && std::isfinite(s.y[i])) {
      run.push_back({x(s.x[i]), y(s.y[i])});
    } else {
      append_run(path, run, x.to - x.from);
      run.clear();
    }
  }
  append_run(path, run, x.to - x.from);
  return path;
}

std::string legend(const Chart& c) {
  if (c.series.size() < 2) return "";
  std::string out = "<span class=\"legend\">";
  for (std::size_t i = 0; i < c.series.size(); ++i)
    out += fmt::format(
        "<span><svg viewBox=\"0 0 26 10\" width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"line s{}\" "
        "d=\"M1 5H25\"/></svg> {}</span>",
        i % 2, escape_markup(c.series[i].name));
  return out + "</span>";
}

std::string axes(const Chart& c, const Axis& x, const Axis& y, const Ticks& xs, const Ticks& ys) {
  std::string out;
  for (std::size_t i = 0; i < ys.at.size(); ++i)
    out += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {2:.1f}H{1:.1f}\"/><text x=\"{3:.1f}\" y=\"{4:.1f}\" "
        "class=\"end\">{5}</text>",
        x.from, x.to, y(ys.at[i]), x.from - 6, y(ys.at[i]) + 4, ys.text[i]);
  for (std::size_t i = 0; i < xs.at.size(); ++i)
    out += fmt::format(
        "<path class=\"axis\" d=\"M{0:.1f} {1:.1f}v4\"/><text x=\"{0:.1f}\" y=\"{2:.1f}\" class=\"mid\">{3}</text>",
        x(xs.at[i]), y.from, y.from + 16, xs.text[i]);
  for (const double m : c.marks)
    if (m >= x.lo && m <= x.hi)
      out += fmt::format("<path class=\"mark\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", x(m), y.from, y.to);
  out += fmt::format("<path class=\"axis\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>", x.from, y.from, x.to);
  out += fmt::format("<text x=\"2\" y=\"11\">{}{}</text>", escape_markup(c.y_label), y.log ? ", log scale" : "");
  return out + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"mid\">{}</text>", (x.from + x.to) / 2, c.height - 4,
                           escape_markup(c.x_label));
}

// A count begins at its first value, so the first tick is there. Ticks too close to it are removed.
Ticks from_the_first(const Ticks& all, double first, double last, const Axis& x) {
  constexpr double kNearest = 24;
  Ticks out{{first}, {number_text(first, 0)}};
  for (std::size_t i = 0; i < all.at.size(); ++i) {
    if (x(all.at[i]) - x(first) < kNearest || all.at[i] > last) continue;
    out.at.push_back(all.at[i]);
    out.text.push_back(all.text[i]);
  }
  return out;
}

// A line with a single value would be too small to see, so it is drawn as a dot.
std::string only_point(const Series& s, std::size_t index, const Axis& x, const Axis& y) {
  if (s.x.size() != 1 || s.y.size() != 1 || !std::isfinite(s.y[0])) return "";
  return fmt::format("<circle class=\"s{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>", index % 2, x(s.x[0]), y(s.y[0]));
}

// Draws a dot on the first line at c.best, with its label where the line is not: on the wider side, at the far end of
// the axis.
std::string best_mark(const Chart& c, const Axis& x, const Axis& y) {
  if (!c.best || c.series.empty()) return "";
  const Series& s = c.series.front();
  const auto at = std::find(s.x.begin(), s.x.end(), *c.best);
  if (at == s.x.end()) return "";
  const double value = s.y[static_cast<std::size_t>(at - s.x.begin())];
  if (!std::isfinite(value)) return "";
  const bool to_the_left = x(*c.best) > (x.from + x.to) / 2;
  const double label_y = y(value) < (y.from + y.to) / 2 ? y.from - 6 : y.to + 10;
  return fmt::format(
      "<path class=\"best\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/><circle class=\"dot\" cx=\"{0:.1f}\" cy=\"{3:.1f}\" "
      "r=\"3.5\"/><text x=\"{4:.1f}\" y=\"{5:.1f}\"{6}>{7}</text>",
      x(*c.best), y.from, y.to, y(value), x(*c.best) + (to_the_left ? -6 : 6), label_y,
      to_the_left ? " class=\"end\"" : "", escape_markup(c.best_label));
}

std::string drawing(const Chart& c) {
  Extent xe, ye;
  for (const Series& s : c.series)
    for (std::size_t i = 0; i < s.x.size() && i < s.y.size(); ++i)
      if (std::isfinite(s.y[i])) {
        xe.add(s.x[i]);
        ye.add(s.y[i]);
      }
  if (!xe.any() || !ye.any())
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"mid\">undefined</text>", c.width / 2, c.height / 2);
  const bool log = c.log_y && ye.lo > 0 && ye.hi / ye.lo > kLogSpan;
  const Extent room = with_room(ye, log), across = xe.hi > xe.lo ? xe : Extent{xe.lo - 1, xe.hi + 1};
  const Ticks ys = log ? log_ticks(room.lo, room.hi)
                       : linear_ticks(room.lo, room.hi, static_cast<int>((c.height - kTop - kBottom) / 26));
  std::size_t letters = 1;
  for (const auto& t : ys.text) letters = std::max(letters, t.size());
  const double left = 10 + kLetter * static_cast<double>(letters);
  const Axis x{across.lo, across.hi, left, c.width - kRight}, y{room.lo, room.hi, c.height - kBottom, kTop, log};
  Ticks xs = linear_ticks(across.lo, across.hi, static_cast<int>((c.width - left - kRight) / 60), c.whole_x);
  if (c.whole_x) xs = from_the_first(xs, xe.lo, xe.hi, x);
  std::string out = axes(c, x, y, xs, ys);
  for (std::size_t i = c.series.size(); i-- > 0;)  // the first on top
    out += fmt::format("<path class=\"line s{}\" d=\"{}\"/>", i % 2, path_of(c.series[i], x, y));
  for (std::size_t i = 0; i < c.series.size(); ++i) out += only_point(c.series[i], i, x, y);
  return out + best_mark(c, x, y);
}

}  // namespace

std::string escape_markup(std::string_view text) {
  if (CUTRACT_PLANTED("markup_not_escaped")) return std::string(text);
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Ticks linear_ticks(double lo, double hi, int about, bool whole) {
  const double raw = (hi - lo) / about;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double m : {5.0, 2.0, 1.0})
    if (m * power >= raw * (1 - 1e-9)) step = m * power;
  if (whole) step = std::max(step, 1.0);
  const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 9);
  Ticks out;
  const double first = std::ceil(lo / step - 1e-9);
  for (int i = 0; i <= about && (first + i) * step <= hi + 1e-9 * step; ++i) {
    out.at.push_back((first + i) * step + 0.0);  // no "-0"
    out.text.push_back(number_text(out.at.back(), decimals));
  }
  return out;
}

Ticks log_ticks(double lo, double hi) {
  const int first = static_cast<int>(std::floor(std::log10(lo))), last = static_cast<int>(std::ceil(std::log10(hi)));
  const int decades = last - first, stride = 1 + decades / 8;
  Ticks out;
  for (int e = first; e <= last; ++e)
    for (const int m : {1, 2, 5}) {
      const double v = m * std::pow(10, e);
      const bool shown = decades <= 3 || (m == 1 && e % stride == 0);
      if (!shown || v < lo || v > hi) continue;
      out.at.push_back(v);
      out.text.push_back(number_text(v, std::clamp(-e, 0, 4)));
    }
  return out;
}

std::string figure(const Chart& c) {
  return fmt::format(
      "<figure><figcaption><strong>{}</strong>{}{}</figcaption><svg viewBox=\"0 0 {:g} {:g}\" role=\"img\" "
      "aria-label=\"{}\">{}</svg></figure>\n",
      escape_markup(c.title), c.note.empty() ? "" : "<span class=\"faint\">" + escape_markup(c.note) + "</span>",
      legend(c), c.width, c.height, escape_markup(c.title), drawing(c));
}

std::string sparkline(std::span<const double> y) {
  constexpr double kWidth = 120, kHeight = 22, kRim = 2;
  Series s;
  Extent e;
  for (std::size_t i = 0; i < y.size(); ++i) {
    s.x.push_back(static_cast<double>(i));
    s.y.push_back(y[i]);
    e.add(y[i]);
  }
  if (std::count_if(y.begin(), y.end(), [](double v) { return std::isfinite(v); }) < 2) return "";
  if (e.hi == e.lo) e = {e.lo - 1, e.hi + 1};
  const Axis across{0, static_cast<double>(y.size() - 1), kRim, kWidth - kRim}, up{e.lo, e.hi, kHeight - kRim, kRim};
  return fmt::format(
      "<svg class=\"spark\" viewBox=\"0 0 {:g} {:g}\" aria-hidden=\"true\"><path class=\"line s0\" d=\"{}\"/></svg>",
      kWidth, kHeight, path_of(s, across, up));
}

}  // namespace cutract
