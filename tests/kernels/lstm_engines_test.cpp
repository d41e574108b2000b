#include "kernels/lstm/lstm_engines.h"

#include <gtest/gtest.h>

#include "tests/kernels/lstm_case.h"

namespace cutract::test {
namespace {

using enum LstmEngine;
using enum Precision;

TEST(LstmEngines, HaveTheNamesOfTheConfig) {
  for (const LstmEngine e : {automatic, cudnn, cluster, persistent, steps}) EXPECT_EQ(named<LstmEngine>(name_of(e)), e);
  EXPECT_STREQ(name_of(automatic), "auto");
  EXPECT_EQ(named<LstmEngine>("fast"), std::nullopt);
}

TEST(LstmEngines, AutoGoesByTheTable) {
  const struct {
    Precision precision;
    Index H, rows;
    int capability;
    bool cudnn;
    LstmEngine want;
  } cases[] = {
      {bf16, 64, 8, 90, true, persistent}, {bf16, 128, 300, 80, true, persistent}, {bf16, 128, 8, 75, true, steps},
      {bf16, 128, 8, 75, false, steps},    {bf16, 100, 8, 90, true, cudnn},        {bf16, 100, 8, 90, false, steps},
      {fp32, 100, 8, 90, true, cudnn},     {fp32, 1024, 8, 90, true, cudnn},       {fp32, 1024, 8, 90, false, steps},
      {tf32, 520, 8, 90, true, cudnn},     {fp32, 1, 1, 75, false, steps},         {bf16, 128, 256, 90, true, cluster},
      {bf16, 512, 300, 90, true, cluster}, {bf16, 512, 300, 80, true, cudnn},      {fp32, 256, 8, 90, false, steps},
  };
  for (const auto& c : cases)
    for (const bool ragged : {true, false}) {
      const LstmRequest r{automatic, c.precision, c.H, c.rows, ragged, c.capability, c.cudnn};
      const LstmChoice got = choose_engine(r);
      EXPECT_EQ(got.engine, c.want) << describe(r) << ", " << c.rows << " rows, " << c.capability;
      EXPECT_NE(std::string(got.why), "");
    }
}

TEST(LstmEngines, WhatIsAskedForIsTakenOrRefused) {
  EXPECT_EQ(choose_engine({.engine = steps, .precision = bf16, .H = 128, .capability = 90}).engine, steps);
  EXPECT_EQ(choose_engine({.engine = cudnn, .H = 77, .capability = 90, .cudnn = true}).engine, cudnn);
  EXPECT_FAULT(choose_engine({.engine = cudnn, .H = 77, .capability = 90}), Fault::config,
               "lstm: engine \"cudnn\" needs cuDNN 9, and compute capability 8.0 or later for bf16; this run has fp32, "
               "H 77 on compute capability 9.0, without cuDNN");
  EXPECT_FAULT(choose_engine({.engine = cluster, .precision = bf16, .H = 256, .capability = 80}), Fault::config,
               "this run has bf16, H 256 on compute capability 8.0, without cuDNN");
  EXPECT_FAULT(choose_engine({.engine = persistent, .precision = bf16, .H = 96, .capability = 90}), Fault::config,
               "this run has bf16, H 96 on compute capability 9.0, without cuDNN");
}

// The op runs the requested engine; the CPU ignores the request.
class LstmEngineAsked : public OnEachDevice {};
TEST_P(LstmEngineAsked, ByTheOp) {
  Rng rng(1);
  const LstmCase in = random_lstm(rng, {3, 2}, 4, 20, 2);
  const auto run = [&] { run_lstm(exec(), in, {.engine = persistent}); };
  if (std::holds_alternative<CpuExec>(exec()))
    run();
  else
    EXPECT_FAULT(run(), Fault::config, "lstm: engine \"persistent\" needs");
}
CUTRACT_ON_EACH_DEVICE(LstmEngineAsked);

}  // namespace
}  // namespace cutract::test
