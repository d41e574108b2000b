#pragma once

#include <memory>

#include "host/core/view.h"
#include "host/device/memory.h"

namespace cutract {

// The frames of one utterance [T, F] in an executor's memory; those of several utterances may share one buffer.
// Move-only: a copy would share its buffer, so normalising one would change the other.
class Frames {
 public:
  Frames() = default;
  Frames(Exec&, const Matrix& values);                                     // copies the values there
  Frames(std::shared_ptr<const Buffer<float>> buffer, View<float, 2> at);  // a part of a buffer that may be shared
  Frames(Frames&&) = default;
  Frames& operator=(Frames&&) = default;

  Index rows() const { return at_.shape[0]; }
  Index cols() const { return at_.shape[1]; }
  View<float, 2> view() const { return at_; }
  void keep(Index rows);  // drops all but the first `rows` rows; Error{internal} if there are fewer
  Frames part(Index first, Index rows) const;  // shares the buffer, which lives as long as any of its parts
  Matrix matrix(Exec&) const;                  // a copy in host memory

 private:
  std::shared_ptr<const Buffer<float>> buffer_;
  View<float, 2> at_;
};

}  // namespace cutract
