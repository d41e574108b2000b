// Libraries say what is wrong; the program adds which of its settings and options help.
#include "cli/advice.h"

#include "host/device/gpu_faults.h"
#include "kernels/lstm/engine_error.h"
#include "kernels/lstm/lstm_engines.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

using cli::advice;

const cli::Command kTrain = cli::TrainArgs{}, kEval = cli::EvalArgs{}, kPredict = cli::PredictArgs{},
                   kFeatures = cli::FeaturesArgs{};

TEST(Advice, OfMemoryDependsOnTheCommand) {
  const Error error(Fault::memory, "out of memory");
  EXPECT_EQ(advice(kTrain, error), "; try a smaller trainer.batch_size or a smaller model");
  EXPECT_EQ(advice(kEval, error), "; close other programs that use this memory, or use --device cpu");
  EXPECT_EQ(advice(kPredict, error), "; split long audio into shorter files, or use --device cpu");
  EXPECT_EQ(advice(kFeatures, error), "; split long audio into shorter files");
}

// The engines throw what the program recognises.
TEST(Advice, OfAnEngineThatCannotComputeThisNamesTheSetting) {
  try {
    choose_engine({.engine = LstmEngine::persistent, .H = 77, .capability = 90});
    FAIL() << "persistent took H 77";
  } catch (const Error& e) { EXPECT_EQ(advice(kTrain, e), "; set trainer.engine = \"auto\""); }
  EXPECT_EQ(advice(kTrain, Error(Fault::config, "model.hidden: is 0")), "");
}

TEST(Advice, OfCudnnIsToDoWithoutIt) {
  const CudnnFailed error(Fault::device, "lstm by cuDNN: it failed");
  EXPECT_EQ(advice(kTrain, error), "; set trainer.engine = \"steps\" to train without cuDNN");
  EXPECT_EQ(advice(kEval, error), "; use --device cpu, which needs no cuDNN");
  EXPECT_EQ(advice(kTrain, CudnnFailed(Fault::memory, "lstm by cuDNN: no memory")),
            advice(kTrain, Error(Fault::memory, "")));
}

TEST(Advice, OfALostGpuIsANewProcess) {
  const GpuLost error(Fault::device, lost_gpu("lstm", "an illegal memory access"));
  EXPECT_EQ(advice(kTrain, error), "; run the same command again to resume from the last checkpoint");
  EXPECT_EQ(advice(kPredict, error), "; run the same command again");
  EXPECT_EQ(advice(kTrain, Error(Fault::device, "no GPU")), "");
}

}  // namespace
}  // namespace cutract::test
