#include "eval/prediction.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/io/npy.h"

namespace cutract {
namespace {

void check(const Prediction& p, std::span<const Channel> channels) {
  expect_shape("prediction.values", p.values.view(), {p.values.rows, static_cast<Index>(channels.size())});
}

double time_of(const Prediction& p, Index row) { return p.first_s + static_cast<double>(row) * p.step_s; }

// Six digits resolve 1e-4 of a unit below 100; above that, four decimals do.
void append_value(std::string& out, float v) {
  const float plain = v + 0.0f;  // no "-0"
  if (std::abs(plain) < 100) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", plain);
  } else {
    fmt::format_to(std::back_inserter(out), "{:.4f}", plain);
  }
}

std::string column_name(const Channel& c) { return c.unit.empty() ? c.name : c.name + "_" + c.unit; }

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string csv_header(std::span<const Channel> channels, const std::string& last) {
  std::string out = "time_s";
  for (const Channel& c : channels) out += "," + csv_field(column_name(c));
  return out + last + "\n";
}

std::string csv_rows(const Prediction& p, std::span<const Channel> channels, const std::string& last) {
  check(p, channels);
  std::string out;
  for (Index t = 0; t < p.values.rows; ++t) {
    fmt::format_to(std::back_inserter(out), "{:.4f}", time_of(p, t));
    for (Index c = 0; c < p.values.cols; ++c) {
      out += ",";
      if (const float v = p.values.row(t)[c]; !is_missing(v)) append_value(out, v);
    }
    out += last + "\n";
  }
  return out;
}

// A spreadsheet would execute a field that begins like a formula. A leading apostrophe makes it text; numbers are
// unchanged.
std::string without_formula(const std::string& text) {
  if (text.empty() || std::string_view("=+-@\t\r").find(text.front()) == std::string_view::npos) return text;
  char* end = nullptr;
  std::strtod(text.c_str(), &end);
  const bool number = (text.front() == '+' || text.front() == '-') && *end == '\0' && end != text.c_str();
  return number ? text : "'" + text;
}

}  // namespace

// RFC 4180: a field with a comma, a quote or a line end is put in quotes, and its own quotes are doubled.
std::string csv_field(const std::string& raw) {
  const std::string text = without_formula(raw);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string prediction_csv(const Prediction& p, std::span<const Channel> channels) {
  return csv_header(channels, "") + csv_rows(p, channels, "");
}

std::string prediction_csv_rows(const Prediction& p, std::span<const Channel> channels, bool with_header) {
  return (with_header ? csv_header(channels, ",file") : "") + csv_rows(p, channels, "," + csv_field(p.audio));
}

namespace {

using Arrays = std::vector<std::pair<std::string, NpzValue>>;

std::vector<double> times(double first_s, double step_s, Index frames) {
  std::vector<double> out;
  for (Index t = 0; t < frames; ++t) out.push_back(first_s + static_cast<double>(t) * step_s);
  return out;
}

void add_channels(Arrays& arrays, std::span<const Channel> channels) {
  std::vector<std::string> names, units;
  for (const Channel& c : channels) {
    names.push_back(c.name);
    units.push_back(c.unit);
  }
  arrays.emplace_back("channels", names);
  arrays.emplace_back("units", units);
}

std::vector<std::string> one_text(const std::string& text) { return {text}; }

}  // namespace

std::string prediction_npz(const Prediction& p, std::span<const Channel> channels) {
  check(p, channels);
  Arrays arrays{{"time_s", times(p.first_s, p.step_s, p.values.rows)}, {"values", p.values.view()}};
  add_channels(arrays, channels);
  arrays.emplace_back("audio", one_text(p.audio));
  for (const auto& [name, text] : p.about) arrays.emplace_back(name, one_text(text));
  return encode_npz(arrays);
}

std::string movement_npz(const Prediction& p, const Matrix& measured, std::span<const Channel> channels) {
  check(p, channels);
  Arrays arrays{{"time_s", times(p.first_s, p.step_s, p.values.rows)},
                {"predicted", p.values.view()},
                {"measured", measured.view()}};
  add_channels(arrays, channels);
  arrays.emplace_back("id", one_text(p.audio));
  for (const auto& [name, text] : p.about) arrays.emplace_back(name, one_text(text));
  return encode_npz(arrays);
}

// This is written by hand because the library would print each float with the 17 digits of a double.
std::string prediction_json(const Prediction& p, std::span<const Channel> channels) {
  check(p, channels);
  std::string out = "{\n  \"audio\": " + json_text(p.audio);
  for (const auto& [name, text] : p.about) out += ",\n  " + json_text(name) + ": " + json_text(text);
  out += fmt::format(",\n  \"first_s\": {},\n  \"step_s\": {},\n  \"frames\": {},\n  \"channels\": [", p.first_s,
                     p.step_s, p.values.rows);
  for (std::size_t c = 0; c < channels.size(); ++c) {
    out += c > 0 ? ", " : "";
    out += "{\"name\": " + json_text(channels[c].name) + ", \"unit\": " + json_text(channels[c].unit) + "}";
  }
  out += "],\n  \"time_s\": [";
  for (Index t = 0; t < p.values.rows; ++t) {
    fmt::format_to(std::back_inserter(out), "{}{:.4f}", t > 0 ? ", " : "", time_of(p, t));
  }
  out += "],\n  \"values\": [";
  for (Index t = 0; t < p.values.rows; ++t) {
    out += t > 0 ? ",\n    [" : "\n    [";
    for (Index c = 0; c < p.values.cols; ++c) {
      out += c > 0 ? ", " : "";
      const float v = p.values.row(t)[c];
      if (std::isfinite(v)) append_value(out, v);
      if (!std::isfinite(v)) out += "null";
    }
    out += "]";
  }
  return out + (p.values.rows > 0 ? "\n  ]\n}\n" : "]\n}\n");
}

// Line ends inside texts are escaped, so the remaining ones only format the object.
std::string prediction_json_line(const Prediction& p, std::span<const Channel> channels) {
  std::string out;
  bool at_start = false;
  for (const char c : prediction_json(p, channels)) {
    at_start = c == '\n' || (at_start && c == ' ');
    if (!at_start) out += c;
  }
  return out + "\n";
}

}  // namespace cutract
