#include "kernels/starts.h"

#include <string>

#include "host/core/error.h"

namespace cutract {

void expect_starts(const char* what, const Starts& s, Index rows) {
  if (!s.data) return;
  const Index U = utterances_in(s);
  bool good = U >= 0 && s.data[0] == 0 && s.data[U] == rows;
  for (Index u = 0; good && u < U; ++u) good = s.data[u] <= s.data[u + 1];
  if (!good) fail(Fault::internal, std::string(what) + ": expected to rise from 0 to " + std::to_string(rows));
}

}  // namespace cutract
