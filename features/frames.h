#pragma once

#include <memory>

#include "host/core/memory.h"
#include "host/core/view.h"

namespace cutract {

// Frames of one utterance [T, F] where an executor computes; several may share one buffer. Move-only: a copy would
// share its buffer, so normalising one would change the other.
class Frames {
 public:
  Frames() = default;
  Frames(Exec&, const Matrix& values);  // a copy of them there
  Frames(std::shared_ptr<const Buffer<float>> lies_in, View<float, 2> at);
  Frames(Frames&&) = default;
  Frames& operator=(Frames&&) = default;

  Index rows() const { return at_.shape[0]; }
  Index cols() const { return at_.shape[1]; }
  View<float, 2> view() const { return at_; }
  void keep(Index rows);                       // only the first `rows` rows
  Frames part(Index first, Index rows) const;  // of the same buffer, which stays as long as one of them does
  Matrix matrix(Exec&) const;                  // a copy in memory of the host

 private:
  std::shared_ptr<const Buffer<float>> lies_in_;
  View<float, 2> at_;
};

}  // namespace cutract
