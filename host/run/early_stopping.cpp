#include "host/run/early_stopping.h"

#include <fmt/format.h>

#include <cmath>

namespace cutract {

bool EarlyStopping::improved(double value) {
  if (!std::isfinite(value)) return finite_ = false;
  if (value < best_ - min_delta_) {
    best_ = value;
    waited_ = 0;
    return true;
  }
  ++waited_;
  return false;
}

std::string EarlyStopping::reason() const {
  if (!finite_) return "the validation loss is not finite";
  if (!should_stop()) return "";
  return fmt::format("no improvement of more than {} over {:.4f} in {} validation check{}", min_delta_, best_, waited_,
                     waited_ == 1 ? "" : "s");
}

}  // namespace cutract
