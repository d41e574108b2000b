#pragma once

#include <cstddef>

#include "kernels/simt/simt.cuh"

namespace cutract {

template <class T>
struct alignas(16) Quad {
  T word[4];
};

// A lane's own weights from the first step to the last: the first Near quads in registers, the others in shared memory,
// where no other thread reads or writes them.
template <class T, int Quads, int Near, int Threads>
class Resident {
 public:
  static constexpr std::size_t kShared = std::size_t(Quads - Near) * Threads * sizeof(Quad<T>);

  __device__ explicit Resident(std::byte* shared) : far_(reinterpret_cast<Quad<T>*>(shared) + threadIdx.x) {}
  // Whoever calls these is unrolled: an index that is not known to the compiler would send them to local memory.
  __device__ void set(int i, const Quad<T>& q) {
    (i < Near ? near_[i < Near ? i : 0] : far_[(i - Near) * Threads]) = q;
  }
  __device__ Quad<T> get(int i) const { return i < Near ? near_[i < Near ? i : 0] : far_[(i - Near) * Threads]; }

 private:
  Quad<T> near_[Near];
  Quad<T>* far_;
};

}  // namespace cutract
