#pragma once

#include <cstdint>
#include <type_traits>

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/core/plant.h"
#include "host/core/view.h"

namespace cutract {

// Audio with full scale 1 in either storage format: float, or int16 in steps of 2^-15, which float represents exactly.
class Samples {
 public:
  Samples() = default;
  template <class T>
  Samples(View<T, 1> v) : size_(v.shape[0]) {
    if constexpr (std::is_same_v<std::remove_const_t<T>, std::int16_t>)
      int16_ = v.data;
    else
      float_ = v.data;
  }
  CUTRACT_HD Index size() const { return size_; }
  CUTRACT_HD float operator[](Index i) const {
    if (float_) return float_[i];
    return static_cast<float>(int16_[i]) * (CUTRACT_PLANTED("int16_scale") ? 1 / 32767.0f : 0x1p-15f);
  }
  const float* floats() const { return float_; }         // null if the samples are int16
  const std::int16_t* int16s() const { return int16_; }  // null if the samples are float
  CUTRACT_HD Samples part(Index from, Index count) const {
    Samples p;
    p.size_ = count;
    p.float_ = float_ ? float_ + from : nullptr;
    p.int16_ = int16_ ? int16_ + from : nullptr;
    return p;
  }

 private:
  const float* float_ = nullptr;
  const std::int16_t* int16_ = nullptr;
  Index size_ = 0;
};

}  // namespace cutract
