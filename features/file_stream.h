#pragma once

#include <string>
#include <vector>

#include "features/stream.h"
#include "host/device/exec.h"

namespace cutract {

// Features that another program computed, e.g. the hidden states of a speech model at 50 Hz: the arrays that a corpus
// lists in the manifest's column `features`, interpolated linearly at the times of the frames. Frames before the first
// row get its values, and those after the last row get the last one's.
class FileStream {
 public:
  explicit FileStream(const StreamOptions&);  // Error{config} if the number of columns is not known
  static void options(FieldTable&, StreamOptions&);
  static std::vector<Column> columns(const StreamOptions&);

  // Throws Error{data} if an utterance has no array, or one with a different number of columns.
  void compute(Exec&, const StreamInput&, View<float, 2> out) const;

 private:
  std::string name_;
  Index columns_;
};

}  // namespace cutract
