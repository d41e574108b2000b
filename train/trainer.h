#pragma once

#include <functional>
#include <string>

#include "host/core/exec.h"
#include "host/run/progress.h"
#include "train/config.h"

namespace cutract {

enum class Resume { automatic, never };

struct TrainOptions {
  std::string run_dir;  // made if missing
  Resume resume = Resume::automatic;
  std::string resume_from;           // a checkpoint or run folder to start from instead of run_dir's last; "": none
  int fast_dev_run = 0;              // > 0: that many batches of training and validation, longest first; writes nothing
  bool check_device = false;         // first compares one step with the CPU's; Error{device} if they differ
  std::function<int()> stop_signal;  // number of the signal that asked to stop, or 0; polled after every step
  std::function<bool()> save_asked = {};  // whether to save now and continue; polled likewise, true once per request
};

struct TrainResult {
  int epochs = 0, best_epoch = 0;  // done; of the best checkpoint
  double best_val_loss = 0;
  Index frames = 0;    // trained on by this call
  double seconds = 0;  // of this call's epochs
  std::string stop_reason;
  std::string best_checkpoint;    // folder; empty for fast_dev_run
  int signal = 0;                 // not 0: stopped by it
  std::string saved;              // what was saved by then: "Epoch 3", "Epoch 3 up to step 17 of 40"; "": nothing
  bool already_finished = false;  // there was nothing left to do
};

// Trains as the config says and leaves RUN/ as docs/architecture.md draws it. Checkpoints are written after every epoch
// and when it is stopped or asked to save, and a resumed run is bit-identical to one that never stopped. Throws Error:
// config, data, io, diverged.
TrainResult train(Exec&, const RunConfig&, const TrainOptions&, Progress&);

}  // namespace cutract
