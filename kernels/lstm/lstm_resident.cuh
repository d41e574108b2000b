#pragma once

#include <cstddef>

#include "kernels/simt/simt.cuh"

namespace cutract {

template <class T>
struct alignas(16) Quad {
  T word[4];
};

// The weights of one lane, kept for all steps: the first Near quads in registers, the others in shared memory that no
// other thread reads or writes.
template <class T, int Quads, int Near, int Threads>
class Resident {
 public:
  static constexpr std::size_t kShared = std::size_t(Quads - Near) * Threads * sizeof(Quad<T>);

  __device__ explicit Resident(std::byte* shared) : far_(reinterpret_cast<Quad<T>*>(shared) + threadIdx.x) {}
  // Calls must be in unrolled loops: an index unknown to the compiler would move the registers to local memory.
  __device__ void set(int i, const Quad<T>& q) {
    (i < Near ? near_[i < Near ? i : 0] : far_[(i - Near) * Threads]) = q;
  }
  __device__ Quad<T> get(int i) const { return i < Near ? near_[i < Near ? i : 0] : far_[(i - Near) * Threads]; }

 private:
  Quad<T> near_[Near];
  Quad<T>* far_;
};

}  // namespace cutract
