#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutract {

// One line of a chart. x increases; a y that is not finite leaves a gap.
struct Series {
  std::string name;
  std::vector<double> x, y;
};

struct Chart {
  std::string title, x_label, y_label;  // the labels include the unit
  std::vector<Series> series;           // the first is drawn solid, the second dashed
  std::string note;                     // shown beside the title
  std::vector<double> marks;            // x of thin vertical lines
  std::optional<double> best;           // x of the value to mark on the first line, with `best_label`
  std::string best_label;
  bool whole_x = false;              // x is a count: a tick at the first value, none between integers
  bool log_y = false;                // logarithmic if the values are positive and span more than a factor of 20
  double width = 480, height = 260;  // in the drawing's own units; the page scales it
};

// Returns the positions of ticks: multiples of 1, 2 or 5 times a power of ten within [lo, hi], from about / 2.5
// (rounded down) to about + 1 of them; about >= 3. A log axis has powers of ten, with 2 and 5 times them if powers of
// ten alone would be few.
struct Ticks {
  std::vector<double> at;
  std::vector<std::string> text;
};
Ticks linear_ticks(double lo, double hi, int about, bool whole = false);
Ticks log_ticks(double lo, double hi);

// Returns a <figure> with title, legend (for two lines) and one <svg>, in the colours of the page around it
// (html_report.cpp). An axis is logarithmic only if the chart asks for it, and its label then says "log scale". Long
// lines keep every peak but not every point.
std::string figure(const Chart&);

// Returns a small line without axes, for a table; empty if fewer than two values are finite.
std::string sparkline(std::span<const double> y);

// Escapes text for HTML or SVG, including attributes.
std::string escape_markup(std::string_view text);

}  // namespace cutract
