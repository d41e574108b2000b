#include "host/io/mat.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/file_kind.h"
#include "host/io/input_file.h"
#include "host/io/mat_elements.h"

namespace cutract {
namespace {

// A file cannot inflate further than deflate reaches, about 1032 times.
constexpr std::uint64_t kMostInflated = std::numeric_limits<std::uint64_t>::max();

Matrix matrix_of(const MatVariable& v, bool little, const std::string& path) {
  const auto refuse = [&](const char* why) {
    fail(Fault::data, fmt::format("{}: variable \"{}\" {}", path, v.name, why));
  };
  if (v.dims.size() != 2) refuse("is not a matrix with two axes");
  const std::uint32_t kind = v.flags & 0xFF;
  if (kind < kMatDouble || kind > kMatUint64 || (v.flags & kMatLogical) != 0) refuse("is not a numeric matrix");
  if ((v.flags & kMatComplex) != 0) refuse("is complex, expected real numbers");
  if (v.dims[0] < 0 || v.dims[1] < 0) throw MatDamaged{};
  if (v.dims[0] == 0 || v.dims[1] == 0) return {v.dims[0], v.dims[1]};
  return mat_numbers(v, little);
}

// Returns the requested variable, or the only one. Unnamed elements hold MATLAB's own data about objects.
Matrix find_matrix(std::string_view bytes, bool little, const std::string& path, const std::string& wanted) {
  std::vector<std::string> names;
  std::vector<Matrix> found;
  std::optional<Error> wrong;  // about the variable; matters only if it is the requested one
  for (MatElements all(bytes.substr(kMatHeader), little); !all.done();) {
    const MatTopLevel top(all.outer(), little, kMostInflated);
    const MatVariable v = parse_mat_variable(top.matrix(), little);
    if (v.name.empty()) continue;
    names.push_back(v.name);
    if (wanted.empty() ? names.size() > 1 : v.name != wanted) continue;
    try {
      found.push_back(matrix_of(v, little, path));
    } catch (const Error& e) { wrong = e; }
  }
  const std::string there = names.empty() ? "none" : shortened(fmt::format("{}", fmt::join(names, ", ")), 300);
  if (wanted.empty() && names.size() != 1)
    fail(Fault::data, fmt::format("{}: expected a single variable, but it has: {}", path, there));
  if (wrong) throw Error(*wrong);
  if (found.empty()) fail(Fault::data, fmt::format("{}: has no variable \"{}\"; it has: {}", path, wanted, there));
  return std::move(found.front());
}

}  // namespace

Matrix read_mat(const std::string& path, const std::string& variable) {
  const std::string bytes = read_regular_file(path);
  refuse_git_lfs_pointer(bytes, path);
  const bool little = mat_is_little(bytes, path);
  try {
    return find_matrix(bytes, little, path, variable);
  } catch (const MatDamaged&) { fail(Fault::data, path + ": is cut off or damaged"); }
}

}  // namespace cutract
