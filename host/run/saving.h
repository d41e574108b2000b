#pragma once

#include <functional>
#include <string>

namespace cutract {

// Calls `save`, and once more a second later if it throws Error{io}: a failure ends training, but one of a file system
// on a network may be over by then.
void save_or_try_again(const std::function<void()>& save);

// Warns if the disk of a run folder has too little space left for that many checkpoints: the best one, the last one and
// one that is being written have to fit.
void warn_if_disk_is_short(const std::string& run, int checkpoints, double bytes_each);

}  // namespace cutract
