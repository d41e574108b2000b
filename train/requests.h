#pragma once

#include <functional>

#include "train/trainer.h"

namespace cutract {

// What is asked of a running training from outside: to stop, or to save. It is polled; a requested stop stays
// requested.
class Requests {
 public:
  explicit Requests(const TrainOptions& o) : stop_signal_(o.stop_signal), save_asked_(o.save_asked) {}

  struct Stopped {};  // thrown where work is given up for a stop
  bool stop() {
    if (signal_ == 0 && stop_signal_) signal_ = stop_signal_();
    return signal_ != 0;
  }
  void give_up_if_asked() {
    if (stop()) throw Stopped{};
  }
  bool save() { return save_asked_ && save_asked_(); }
  int signal() const { return signal_; }  // that asked for the stop, or 0

 private:
  const std::function<int()>& stop_signal_;
  const std::function<bool()>& save_asked_;
  int signal_ = 0;
};

}  // namespace cutract
