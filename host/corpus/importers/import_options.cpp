#include "host/corpus/importers/import_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/gaps.h"

namespace cutract {

std::string GivenOptions::text(const char* name, const std::string& otherwise) const {
  const auto at = given_.find(name);
  if (at == given_.end()) return otherwise;
  if (at->second.empty()) fail(Fault::usage, fmt::format("{}: is empty", name));
  return at->second;
}

std::string GivenOptions::utf8(const char* name, const std::string& otherwise) const {
  std::string t = text(name, otherwise);
  if (!is_utf8(t)) fail(Fault::usage, fmt::format("{}: is not UTF-8", name));
  return t;
}

double GivenOptions::number(const char* name, double lo, double hi, double otherwise) const {
  return parsed<double>(name, lo, hi, otherwise, "a number");
}

std::int64_t GivenOptions::integer(const char* name, std::int64_t lo, std::int64_t hi, std::int64_t otherwise) const {
  return parsed<std::int64_t>(name, lo, hi, otherwise, "an integer");
}

std::vector<std::string> GivenOptions::list(const char* name) const {
  std::vector<std::string> words;
  if (!has(name)) return words;
  const std::string all = utf8(name);
  for (std::size_t at = 0; at <= all.size();) {
    const std::size_t end = std::min(all.find(',', at), all.size());
    words.push_back(all.substr(at, end - at));
    at = end + 1;
    if (words.back().empty())
      fail(Fault::usage, fmt::format("{}: is \"{}\", expected names with commas between them", name, shortened(all)));
    if (std::count(words.begin(), words.end(), words.back()) > 1)
      fail(Fault::usage, fmt::format("{}: duplicate name {}", name, shortened(words.back())));
  }
  return words;
}

template <class T>
T GivenOptions::parsed(const char* name, T lo, T hi, T otherwise, const char* kind) const {
  const auto at = given_.find(name);
  if (at == given_.end()) return otherwise;
  T v{};
  const char* last = at->second.data() + at->second.size();
  const auto [end, error] = std::from_chars(at->second.data(), last, v);
  if (error != std::errc() || end != last || !(v >= lo && v <= hi))
    fail(Fault::usage,
         fmt::format("{}: is \"{}\", expected {} from {} to {}", name, shortened(at->second), kind, lo, hi));
  return v;
}

double fill_gaps_ms_of(const GivenOptions& options) {
  return options.number("--fill-gaps-ms", 0, 10000, kFilledGap_ms);
}

std::string axes_of(const GivenOptions& options, const std::string& otherwise) {
  if (!options.has("--axes")) return otherwise;
  const std::string axes = options.text("--axes");
  for (std::size_t i = 0; i < axes.size(); ++i)
    if (std::string_view("xyz").find(axes[i]) == std::string_view::npos ||
        axes.find(axes[i], i + 1) != std::string::npos)
      fail(Fault::usage, fmt::format("--axes: is \"{}\", expected different letters of x, y and z", shortened(axes)));
  return axes;
}

}  // namespace cutract
