#include "host/io/mat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"
#include "host/io/input_file.h"
#include "host/io/mat_elements.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

constexpr std::uint64_t kSpare = 8 * 1024 * 1024;  // bytes

Matrix matrix_of(const MatVariable& v, bool little, std::uint64_t budget, const std::string& path) {
  const auto refuse = [&](const char* why) {
    fail(Fault::data, fmt::format("{}: variable \"{}\" {}", path, shown(v.name), why));
  };
  if (v.dims.size() != 2) refuse("is not a matrix with two axes");
  const std::uint32_t kind = v.flags & 0xFF;
  if (kind < kMatDouble || kind > kMatUint64 || (v.flags & kMatLogical) != 0) refuse("is not a numeric matrix");
  if ((v.flags & kMatComplex) != 0) refuse("is complex, expected real numbers");
  if (v.dims[0] < 0 || v.dims[1] < 0) throw MatDamaged{};
  if (v.dims[0] == 0 || v.dims[1] == 0) return {v.dims[0], v.dims[1]};
  const std::uint64_t numbers = static_cast<std::uint64_t>(v.dims[0]) * static_cast<std::uint64_t>(v.dims[1]);
  if (v.real.data.size() < numbers) throw MatDamaged{};
  if (numbers * sizeof(float) > budget) throw MatTooLarge{};
  return mat_numbers(v, little);
}

// Returns the requested variable, or the only one. Unnamed elements hold MATLAB's own data about objects.
Matrix find_matrix(std::string_view bytes, bool little, const std::string& path, const std::string& wanted) {
  std::vector<std::string> names;
  std::optional<Matrix> found;
  std::optional<Error> wrong;  // about the variable; matters only if it is the requested one
  const std::uint64_t budget = mat_budget(bytes.size(), kSpare);
  for (MatElements all(bytes.substr(kMatHeader), little); !all.done();) {
    const MatTopLevel top(all.outer(), little, budget);
    const MatVariable v = parse_mat_variable(top.matrix(), little);
    if (v.name.empty()) continue;
    names.push_back(shown(v.name));
    if (wanted.empty() ? names.size() > 1 : v.name != wanted || found) continue;
    try {
      found = matrix_of(v, little, budget, path);
    } catch (const Error& e) { wrong = e; }
  }
  const std::string there = names.empty() ? "none" : shortened(fmt::format("{}", fmt::join(names, ", ")), 300);
  if (wanted.empty() && names.size() != 1)
    fail(Fault::data, fmt::format("{}: expected a single variable, but it has: {}", path, there));
  if (wrong) throw Error(*wrong);
  if (!found) fail(Fault::data, fmt::format("{}: has no variable \"{}\"; it has: {}", path, wanted, there));
  return std::move(*found);
}

}  // namespace

Matrix read_mat(const std::string& path, const std::string& variable) {
  const std::string bytes = read_regular_file(path);
  refuse_git_lfs_pointer(bytes, path);
  const bool little = mat_is_little(bytes, path);
  return naming_mat(path, [&] { return find_matrix(bytes, little, path, variable); });
}

}  // namespace cutract
