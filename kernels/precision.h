#pragma once

#include "host/core/choices.h"

namespace cutract {

// Precision of the matrix products of an op on the GPU; weights, state and gradients stay fp32. tf32 and bf16 round the
// factors to 10 and 7 bits of mantissa and sum in fp32; fp32 does not round them. The CPU always computes in fp32.
enum class Precision { fp32, tf32, bf16 };

template <>
inline constexpr auto kNames<Precision> =
    std::to_array<Named<Precision>>({{Precision::fp32, "fp32"}, {Precision::tf32, "tf32"}, {Precision::bf16, "bf16"}});

// Allowed relative L2 distance between a result and its double-precision value: the larger of `fp32`, the bound at
// precision fp32, and the error caused by rounding the factors of products.
constexpr double bound_of(Precision p, double fp32) {
  const double rounding = p == Precision::fp32 ? 0 : p == Precision::tf32 ? 2e-3 : 2e-2;
  return fp32 > rounding ? fp32 : rounding;
}

}  // namespace cutract
