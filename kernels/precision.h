#pragma once

namespace cutract {

// In what the products of an op are computed on the GPU; weights, state and gradients stay fp32. fp32 is exact, tf32
// and bf16 round the factors (10 and 7 bits behind the point) and sum in fp32. The CPU always computes in fp32.
enum class Precision { fp32, tf32, bf16 };

constexpr const char* name_of(Precision p) {
  return p == Precision::bf16 ? "bf16" : p == Precision::tf32 ? "tf32" : "fp32";
}

// How far a result may be from the double-precision one, relative L2: the larger of `fp32`, its bound in that, and
// what rounding the factors of products costs.
constexpr double bound_of(Precision p, double fp32) {
  const double rounding = p == Precision::fp32 ? 0 : p == Precision::tf32 ? 2e-3 : 2e-2;
  return fp32 > rounding ? fp32 : rounding;
}

}  // namespace cutract
