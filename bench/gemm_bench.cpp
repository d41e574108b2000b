#include <fmt/format.h>

#include <memory>

#include "bench/bench.h"
#include "kernels/gemm/gemm_cpu.h"
#include "kernels/gemm/gemm_gpu.h"

// The matrix products over all frames that surround the recurrence: x W^T of a layer, and dgates^T x for its weight
// gradients.
namespace cutract::bench {
namespace {

struct Problem {
  const char* op;
  Index m, n, k;
  bool weights;  // true: C = A^T B with A [k, m] and B [k, n]; false: C = A B^T with A [m, k] and B [n, k]
  Size size;
};
constexpr Problem kProblems[] = {
    {"gemm", 20, 48, 17, false, Size::smallest},
    {"gemm_weights", 48, 17, 20, true, Size::smallest},
    {"gemm", 19848, 1024, 80, false, Size::standard},
    {"gemm", 19848, 1024, 256, false, Size::standard},
    {"gemm_weights", 512, 256, 19848, true, Size::standard},
    {"gemm", 9600, 4096, 1024, false, Size::more},
};

void product(Exec& ex, const Problem& p, Precision precision, const float* a, const float* b, float* c) {
  const GemmOperand left{a, p.weights ? p.m : p.k, p.weights}, right{b, p.weights ? p.n : p.k, !p.weights};
  if (auto* gpu = std::get_if<GpuExec>(&ex))
    gemm(*gpu, p.m, p.n, p.k, left, right, false, c, p.n, precision);
  else
    gemm(std::get<CpuExec>(ex), p.m, p.n, p.k, left, right, false, c, p.n);
}

// Compares 20 rows of the result, spread from the first to the last.
std::string difference(const Problem& p, Precision precision, const std::vector<float>& a, const std::vector<float>& b,
                       const std::vector<float>& c) {
  constexpr Index kRows = 20;
  std::vector<float> got;
  std::vector<double> want;
  const auto at = [](const std::vector<float>& v, Index i) {
    return static_cast<double>(v[static_cast<std::size_t>(i)]);
  };
  for (Index r = 0; r < kRows; ++r) {
    const Index i = r * (p.m - 1) / (kRows - 1);
    for (Index j = 0; j < p.n; ++j) {
      double sum = 0;
      for (Index k = 0; k < p.k; ++k)
        sum += p.weights ? at(a, k * p.m + i) * at(b, k * p.n + j) : at(a, i * p.k + k) * at(b, j * p.k + k);
      want.push_back(sum);
      got.push_back(c[static_cast<std::size_t>(i * p.n + j)]);
    }
  }
  return compare("c", got, want, bound_of(precision, 2e-6));
}

Prepared prepare(Exec& ex, const Problem& p, Precision precision) {
  struct Data {
    Buffer<float> a, b, c;
  };
  const std::vector<float> a = random(p.m * p.k, 1), b = random(p.n * p.k, 2);
  const auto d = std::make_shared<Data>(Data{{ex, a}, {ex, b}, zeros_on(ex, p.m * p.n)});
  const auto run = [=, &ex] { product(ex, p, precision, d->a.data(), d->b.data(), d->c.data()); };
  run();
  const double m = static_cast<double>(p.m), n = static_cast<double>(p.n), k = static_cast<double>(p.k);
  return {run,
          {.flops = 2 * m * n * k, .bytes = 4 * (m * k + n * k + m * n), .precision = precision},
          difference(p, precision, a, b, d->c.values(ex)),
          {}};
}

}  // namespace

void add_gemm(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu})
    for (const Precision precision : precisions_of(device))
      for (const Problem& p : kProblems)
        cases.push_back(
            {op_name(p.op, device, fmt::format("m:{}/n:{}/k:{}{}", p.m, p.n, p.k, ending(device, precision))), device,
             p.size, [=](Exec& ex) { return prepare(ex, p, precision); }});
}

}  // namespace cutract::bench
