#pragma once

#include <string>

#include "host/core/exec.h"
#include "kernels/precision.h"

namespace cutract {

// Which code walks through the steps of `lstm` on a GPU. The CPU has one way of its own.
enum class LstmEngine { automatic, cudnn, cluster, persistent, steps };

// As trainer.engine names it: "auto", "cudnn", ...
const char* name_of(LstmEngine);
LstmEngine lstm_engine(const std::string& name);

// What an engine is chosen for.
struct LstmRequest {
  LstmEngine engine = LstmEngine::automatic;  // the one that is asked for
  Precision precision = Precision::fp32;
  Index H = 0, rows = 0;  // units per direction; utterances in a batch
  bool ragged = true;     // lengths differ, or may
  int capability = 0;     // as GpuExec::capability
  bool cudnn = false;     // cuDNN can be called
};
std::string describe(const LstmRequest&);  // "bf16, H 128"
struct LstmChoice {
  LstmEngine engine;
  const char* why;  // for people
};

// The same answer to the same request, so that forward and backward of a layer, which ask the same, agree.
// Error{config} if the engine that is asked for cannot take it.
LstmChoice choose_engine(const LstmRequest&);

// The same with what the executor knows filled in; on the CPU: automatic.
LstmChoice choose_engine(const GpuExec&, LstmRequest);
LstmChoice choose_engine(const Exec&, const LstmRequest&);

}  // namespace cutract
