#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace cutract {

// Displays a run's progress for people. A terminal shows one line for each finished epoch, and below them the line of
// the current epoch, redrawn at most 10 times a second and cut to the terminal's width; log lines appear above it.
// Other outputs get one plain line per epoch, without escape codes. `quiet` shows nothing at all.
//
//   epoch 11/80  train 0.4402  val 0.4521  RMSE 0.672 z  r 0.741  lr 8.0e-4  00:14 *      (*: the best so far)
//
//   epoch 12/80  [=========>.....]  61 %  loss 0.4312  val 0.4521 (best 0.4498 @ 9)  24.1 kframes/s  lr 8.0e-4  ETA
//   04:12
//
// On a narrow terminal, parts are dropped in this order: lr, the rate, the bar (it shrinks first), the best, val, ETA,
// loss, per cent. `loss` is the mean over the epoch's frames so far. The ETA is the median time per frame of the last
// steps times the frames left in the run, plus, for each epoch left, the mean time that an epoch took after its last
// step (validation, checkpoint).
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    bool terminal = false, colour = false, quiet = false;
    std::function<int()> columns = [] { return 80; };     // called at every redraw: windows change
    std::function<void(const std::string&)> write;        // to stderr; tests replace it
    std::function<Clock::time_point()> now = Clock::now;  // likewise
  };
  // Sets terminal if stderr is one and TERM is not dumb, and colour unless NO_COLOR is set.
  static Options for_stderr(bool quiet);

  explicit Progress(Options);
  ~Progress();  // finishes
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Epochs count from 1; first_epoch is the one that starts now. The ETA counts all epochs, ignoring early stopping.
  void start(int first_epoch, int epochs, long frames_per_epoch);
  // Call after each step. A loss that is not finite is left out; lr 0 is not shown.
  void step(long frames, double loss, double lr = 0);

  struct Epoch {
    std::optional<double> val_loss;  // none: an epoch without validation
    double best_val_loss = 0;
    int best_epoch = 0;  // 0: none so far
    std::string note;    // ends the plain line, e.g. "pearson 0.612"
    std::optional<double> val_rmse{}, val_pearson{};
    double seconds = 0;  // 0: not known
  };
  void epoch_done(const Epoch&);

  // Leaves the lines of all epochs on the screen, including that of an unfinished epoch, with the cursor below. Call it
  // also if the run ends early.
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cutract
