#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bench/bench.h"
#include "bench/lstm_stack.h"
#include "host/core/error.h"
#include "kernels/lstm/lstm_engines.h"

namespace cutract::bench {
namespace {

struct Problem {
  Index B, T, H, L;
  bool ragged;
  Size size;
};

// The largest configuration, short utterances, and variations of H and L around them.
constexpr Problem kOnCpu[] = {
    {3, 20, 16, 2, true, Size::smallest},     {8, 2481, 128, 2, false, Size::standard},
    {8, 300, 128, 2, true, Size::standard},   {32, 300, 128, 2, true, Size::standard},
    {128, 300, 128, 2, true, Size::standard}, {8, 300, 128, 2, false, Size::more},
    {32, 300, 128, 2, false, Size::more},     {32, 300, 64, 2, true, Size::more},
    {32, 300, 256, 2, true, Size::standard},  {32, 300, 512, 2, true, Size::more},
    {32, 300, 128, 1, true, Size::more},      {32, 300, 128, 4, true, Size::more},
    {32, 300, 128, 6, true, Size::more},
};

// The choice of a GPU engine depends on H and on the number of utterances, so every H is run with long and with short
// utterances.
std::vector<Problem> problems_of(Device device) {
  if (device == Device::cpu) return {std::begin(kOnCpu), std::end(kOnCpu)};
  std::vector<Problem> all = {{3, 20, 16, 2, true, Size::smallest}};
  for (const Index H : {64, 128, 256}) all.push_back({3, 5, H, 1, true, Size::smallest});
  for (const Index H : {64, 128, 256, 512})
    for (const Index B : {8, 32, 64, 128}) {
      const Size size = H == 128 && B != 64 ? Size::standard : Size::more;
      all.push_back({B, 300, H, 2, true, size});
      all.push_back({B, 300, H, 2, false, Size::more});
      all.push_back({B, 2481, H, 2, false, B <= 32 ? size : Size::more});
    }
  return all;
}

// Compares the same layers with the oracle, once on a few longer utterances and once on many shorter ones. The oracle
// takes about 12 ns per weight and frame, so each comparison takes half a second.
std::string difference_from_oracle(Exec& ex, const LstmShape& shape) {
  const double weights = static_cast<double>(shape.L * 2 * 4 * shape.H * 3 * shape.H);
  const auto frames = static_cast<Index>(std::clamp(0.5 / (12e-9 * weights), 6.0, 400.0));
  const auto B = static_cast<Index>(shape.lengths.size());
  std::string wrong;
  for (const Index many : {std::min<Index>(3, B), std::clamp<Index>(frames / 3, 3, B)}) {
    LstmShape small = shape;
    small.lengths = lengths_of(many, std::max<Index>(2, frames / many), shape.lengths.front() != shape.lengths.back());
    if (wrong.empty()) wrong = LstmStack(ex, small).difference_from_oracle(ex);
  }
  return wrong;
}

Prepared prepare(Exec& ex, const LstmShape& shape, bool train) {
  try {
    choose_engine(ex, {.engine = shape.engine,
                       .precision = shape.precision,
                       .H = shape.H,
                       .rows = static_cast<Index>(shape.lengths.size())});
  } catch (const Error& e) { return {{}, {}, "", {}, e.what()}; }
  std::string wrong = difference_from_oracle(ex, shape);
  const auto stack = std::make_shared<LstmStack>(ex, shape);
  const auto run = [stack, train, &ex] {
    stack->forward(ex);
    if (train) stack->backward(ex);
  };
  return {run, stack->work(train), std::move(wrong), {}, ""};
}

}  // namespace

void add_lstm(Cases& cases) {
  const auto add = [&](Device device, bool train, const Problem& p, Precision precision, LstmEngine engine, Size size) {
    const std::string name = fmt::format("B:{}/T:{}/F:80/H:{}/L:{}{}{}{}", p.B, p.T, p.H, p.L,
                                         p.ragged ? "/ragged" : "", ending(device, precision),
                                         engine == LstmEngine::automatic ? "" : std::string("/") + name_of(engine));
    cases.push_back({op_name(train ? "lstm_train" : "lstm_forward", device, name), device, size, [=](Exec& ex) {
                       return prepare(ex, {80, p.H, p.L, lengths_of(p.B, p.T, p.ragged), precision, engine}, train);
                     }});
  };
  for (const Device device : {Device::cpu, Device::gpu})
    for (const bool train : {true, false})
      for (const Precision precision : precisions_of(device))
        for (const Problem& p : problems_of(device)) {
          add(device, train, p, precision, LstmEngine::automatic, p.size);
          if (device == Device::cpu) continue;
          // Besides the engine chosen automatically, every engine that can be requested.
          for (const LstmEngine e : {LstmEngine::cudnn, LstmEngine::cluster, LstmEngine::persistent, LstmEngine::steps})
            add(device, train, p, precision, e, train ? p.size : Size::more);
        }
}

}  // namespace cutract::bench
