#pragma once

#include <functional>
#include <string>

#include "host/core/choices.h"
#include "host/device/exec.h"
#include "host/run/progress.h"
#include "model/run_config.h"

namespace cutract {

// If run_dir has checkpoints, `automatic` resumes from the newest one and `never` throws Error{usage}.
enum class Resume { automatic, never };
template <>
inline constexpr auto kNames<Resume> = std::to_array<Named<Resume>>({{Resume::automatic, "auto"},
                                                                     {Resume::never, "never"}});

struct TrainOptions {
  std::string run_dir;  // made if missing
  Resume resume = Resume::automatic;
  std::string resume_from;     // checkpoint or run folder to resume from; "": the last checkpoint of run_dir, if any
  std::string init_from = {};  // model whose weights a new run starts from; "": random weights. See train/init_from.h
  int fast_dev_run = 0;        // > 0: number of batches to train and validate on, longest first; writes nothing
  bool check_device = false;   // compares one step with the CPU before training; Error{device} if they differ
  // Returns the number of the signal that asked training to stop, or 0. Polled after every step, and while data are
  // loaded or validated.
  std::function<int()> stop_signal;
  double long_step_s = 2;  // on the CPU, a step that has taken longer than this when a stop is asked for is given up
  // Returns whether to save now and continue, true once per request. Polled after every step.
  std::function<bool()> save_asked = {};
};

struct TrainResult {
  int epochs = 0, best_epoch = 0;  // epochs done; epoch of the best checkpoint, 0 if none
  double best_val_loss = 0;
  Index frames = 0;    // number of frames that this call trained on
  double seconds = 0;  // duration of this call's epochs
  std::string stop_reason;
  std::string best_checkpoint;    // folder; empty for fast_dev_run
  int signal = 0;                 // number of the signal that stopped training, or 0
  std::string saved;              // what is saved, e.g. "Epoch 3 is saved up to step 17 of 40"; "": nothing
  bool already_finished = false;  // the run was finished before, so nothing was trained
};

// Trains with the config and writes the run folder that docs/architecture.md describes. Checkpoints are written after
// every epoch, and inside an epoch when training is stopped or asked to save. A resumed run is bit-identical to one
// that never stopped. Throws Error with the fault usage, config, data, io, memory, device or diverged.
TrainResult train(Exec&, const RunConfig&, const TrainOptions&, Progress&);

}  // namespace cutract
