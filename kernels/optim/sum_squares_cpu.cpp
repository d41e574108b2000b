#include <algorithm>
#include <vector>

#include "kernels/optim/sum_squares.h"

namespace cutract {

void sum_squares(CpuExec& ex, const SumSquaresArgs& a) {
  constexpr Index kChunk = 16384;
  const Index n = a.x.shape[0], chunks = (n + kChunk - 1) / kChunk;
  std::vector<double> part(static_cast<std::size_t>(chunks));
  ex.parallel(chunks, [&](Index chunk) {
    double sum = 0;
    for (Index i = chunk * kChunk; i < std::min(n, (chunk + 1) * kChunk); ++i) {
      const double v = static_cast<double>(a.x.data[i]);
      sum += v * v;
    }
    part[static_cast<std::size_t>(chunk)] = sum;
  });
  double total = 0;
  for (const double p : part) total += p;
  a.value.data[0] = total;
}

}  // namespace cutract
