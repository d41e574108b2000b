#pragma once

namespace cutract {

// In what the products of an op are computed on the GPU; weights, state and gradients stay fp32. fp32 is exact, tf32
// and bf16 round the factors (10 and 7 bits behind the point) and sum in fp32. The CPU always computes in fp32.
enum class Precision { fp32, tf32, bf16 };

constexpr const char* name_of(Precision p) {
  return p == Precision::bf16 ? "bf16" : p == Precision::tf32 ? "tf32" : "fp32";
}

}  // namespace cutract
