#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/bench.h"
#include "bench/lstm_stack.h"

namespace cutract::bench {
namespace {

struct Problem {
  Index B, T, H, L;
  bool ragged, standard;
};

// The report's, short utterances, and around them every H and L.
constexpr Problem kProblems[] = {
    {3, 20, 16, 2, true, false},     {8, 2481, 128, 2, false, true}, {8, 300, 128, 2, true, true},
    {32, 300, 128, 2, true, true},   {128, 300, 128, 2, true, true}, {8, 300, 128, 2, false, false},
    {32, 300, 128, 2, false, false}, {32, 300, 64, 2, true, false},  {32, 300, 256, 2, true, true},
    {32, 300, 512, 2, true, false},  {32, 300, 128, 1, true, false}, {32, 300, 128, 4, true, false},
    {32, 300, 128, 6, true, false},
};

// The same layers over few and short utterances: the oracle needs about 12 ns a weight and frame, 1 s in all.
LstmShape small_cut(LstmShape s) {
  const double weights = static_cast<double>(s.L * 2 * 4 * s.H * 3 * s.H);
  const double frames = std::clamp(1.0 / (12e-9 * weights), 12.0, 400.0);
  s.lengths = cut(s.lengths, 3, static_cast<std::int32_t>(frames / 3));
  return s;
}

Prepared prepare(Exec& ex, const LstmShape& shape, bool train) {
  std::string wrong = LstmStack(small_cut(shape)).difference_from_oracle(ex);
  const auto stack = std::make_shared<LstmStack>(shape);
  const auto run = [stack, train, &ex] {
    stack->forward(ex);
    if (train) stack->backward(ex);
  };
  return {run, stack->work(train), std::move(wrong), {}};
}

}  // namespace

void add_lstm(Cases& cases) {
  for (const Device device : {Device::cpu, Device::gpu})
    for (const bool train : {true, false})
      for (const Problem& p : kProblems) {
        const std::string shape =
            fmt::format("B:{}/T:{}/F:80/H:{}/L:{}{}", p.B, p.T, p.H, p.L, p.ragged ? "/ragged" : "");
        cases.push_back(
            {op_name(train ? "lstm_train" : "lstm_forward", device, shape), device, p.standard, [p, train](Exec& ex) {
               return prepare(ex, {80, p.H, p.L, lengths_of(p.B, p.T, p.ragged)}, train);
             }});
      }
}

}  // namespace cutract::bench
