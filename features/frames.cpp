#include "features/frames.h"

#include <utility>

namespace cutract {

Frames::Frames(Exec& ex, const Matrix& values)
    : buffer_(std::make_shared<const Buffer<float>>(ex, values.values, "features")),
      at_(buffer_->data(), {values.rows, values.cols}) {}

Frames::Frames(std::shared_ptr<const Buffer<float>> buffer, View<float, 2> at) : buffer_(std::move(buffer)), at_(at) {}

void Frames::keep(Index rows) {
  if (rows > at_.shape[0]) fail(Fault::internal, "frames: asked to keep more than there are");
  at_.shape[0] = rows;
}

Frames Frames::part(Index first, Index rows) const {
  if (first < 0 || rows < 0 || first + rows > at_.shape[0])
    fail(Fault::internal, "frames: asked for a part beyond the end");
  return {buffer_, {at_.data + first * at_.shape[1], {rows, at_.shape[1]}}};
}

Matrix Frames::matrix(Exec& ex) const {
  Matrix out(rows(), cols());
  copy_to_host(ex, static_cast<const float*>(at_.data), std::span(out.values));
  return out;
}

}  // namespace cutract
