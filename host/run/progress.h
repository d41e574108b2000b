#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace cutract {

// One line on a terminal, redrawn at most 10 times a second; off a terminal nothing until epoch_done, which prints one plain
// line. Log lines appear above it. The ETA is the moving median of time per frame times the frames left in the run.
class Progress {
 public:
  struct Options {
    bool terminal = false, colour = false, quiet = false;
    int columns = 80;
    std::function<void(const std::string&)> write;         // to stderr; tests replace it
    std::function<std::chrono::steady_clock::time_point()> now;  // likewise
  };
  static Options for_stderr(bool quiet);

  explicit Progress(Options);
  ~Progress();

  void start(int first_epoch, int epochs, long frames_per_epoch);  // ETA counts all epochs, early stopping or not
  void step(long frames, double loss);
  void epoch_done(const std::string& summary);  // "val_loss 0.9124 ..."
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cutract
