#include "features/recipe.h"

#include <fmt/format.h>

#include <set>
#include <sstream>
#include <string>

namespace cutract {
namespace {

std::set<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line.front() != '[') out.insert(line);
  return out;
}

}  // namespace

std::string feature_recipe(const FeatureConfig& config) {
  FeatureConfig is = config, usual;
  FieldTable table, defaults;
  fields(table, is);
  fields(defaults, usual);
  std::string out = fmt::format("numbers = {}\n\n[features]\n", kFeatureNumbers);
  for (std::size_t i = 0; i < table.all().size(); ++i) {
    const Field& f = table.all()[i];
    const std::string value = value_text(f);
    if (f.name != "preset" && f.name != "engine" && value != value_text(defaults.all()[i]))
      out += fmt::format("{} = {}\n", f.name, value);
  }
  return out;
}

std::string first_difference(const std::string& recipe, const std::string& other) {
  const std::set<std::string> a = lines_of(recipe), b = lines_of(other);
  for (const std::string& line : a)
    if (!b.contains(line)) return line;
  for (const std::string& line : b)
    if (!a.contains(line)) return line;
  return "";
}

}  // namespace cutract
