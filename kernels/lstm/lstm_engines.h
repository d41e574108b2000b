#pragma once

#include <string>

#include "host/core/choices.h"
#include "host/device/exec.h"
#include "kernels/precision.h"

namespace cutract {

// The implementation that runs the time steps of `lstm` on a GPU. The CPU has a single implementation.
enum class LstmEngine { automatic, cudnn, cluster, persistent, steps };

template <>
inline constexpr auto kNames<LstmEngine> = std::to_array<Named<LstmEngine>>({{LstmEngine::automatic, "auto"},
                                                                             {LstmEngine::cudnn, "cudnn"},
                                                                             {LstmEngine::cluster, "cluster"},
                                                                             {LstmEngine::persistent, "persistent"},
                                                                             {LstmEngine::steps, "steps"}});

// The properties of a run that determine the choice of an engine.
struct LstmRequest {
  LstmEngine engine = LstmEngine::automatic;  // the requested engine
  Precision precision = Precision::fp32;
  Index H = 0, rows = 0;  // units per direction; utterances in a batch
  bool ragged = true;     // lengths differ, or may differ
  int capability = 0;     // as GpuExec::capability
  bool cudnn = false;     // cuDNN can be called
};
std::string describe(const LstmRequest&);  // "bf16, H 128"
struct LstmChoice {
  LstmEngine engine;
  const char* why;  // the reason, to show to the user
};

// The same request always gets the same answer, so that forward and backward of a layer use the same engine. Throws
// Error{config} if the requested engine does not support the request.
LstmChoice choose_engine(const LstmRequest&);

// The same, with the fields that the executor knows filled in. On the CPU the result is `automatic`.
LstmChoice choose_engine(const GpuExec&, LstmRequest);
LstmChoice choose_engine(const Exec&, const LstmRequest&);

}  // namespace cutract
