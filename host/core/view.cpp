#include "host/core/view.h"

#include <algorithm>
#include <string>

#include "host/core/error.h"

namespace cutract {
namespace {

std::string text(const Index* shape, int rank) {
  std::string out = "[";
  for (int i = 0; i < rank; ++i) out += (i ? "," : "") + std::to_string(shape[i]);
  return out + "]";
}

}  // namespace

void expect_shape(std::string_view what, const Index* got, const Index* want, int rank) {
  if (std::equal(got, got + rank, want)) return;
  fail(Fault::internal, std::string(what) + ": shape is " + text(got, rank) + ", expected " + text(want, rank));
}

}  // namespace cutract
