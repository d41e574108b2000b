#include "cli/advice.h"

#include "host/device/gpu_faults.h"
#include "kernels/lstm/engine_error.h"

namespace cutract::cli {

std::string memory_advice(const Command& command) {
  if (std::holds_alternative<TrainArgs>(command)) return "; try a smaller trainer.batch_size or a smaller model";
  if (std::holds_alternative<EvalArgs>(command))
    return "; close other programs that use this memory, or use --device cpu";
  if (std::holds_alternative<PredictArgs>(command)) return "; split long audio into shorter files, or use --device cpu";
  if (std::holds_alternative<FeaturesArgs>(command)) return "; split long audio into shorter files";
  return "";
}

std::string advice(const Command& command, const Error& error) {
  const bool trains = std::holds_alternative<TrainArgs>(command);
  if (error.fault() == Fault::memory) return memory_advice(command);
  if (dynamic_cast<const EngineRefused*>(&error)) return "; set trainer.engine = \"auto\"";
  if (dynamic_cast<const CudnnFailed*>(&error))
    return trains ? "; set trainer.engine = \"steps\" to train without cuDNN"
                  : "; use --device cpu, which needs no cuDNN";
  if (dynamic_cast<const GpuLost*>(&error))
    return trains ? "; run the same command again to resume from the last checkpoint" : "; run the same command again";
  return "";
}

}  // namespace cutract::cli
