#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "host/core/view.h"

typedef struct CUstream_st* cudaStream_t;      // keeps CUDA headers out of this one
typedef struct cublasContext* cublasHandle_t;  // likewise cuBLAS

namespace cutract {

// Where an op runs, with the resources it may use. Passed explicitly: there is no current device.
class CpuExec {
 public:
  explicit CpuExec(int threads = 1);  // 0 takes every core the process may use
  ~CpuExec();
  CpuExec(CpuExec&&) noexcept;
  CpuExec& operator=(CpuExec&&) noexcept;

  int threads() const;
  // Calls fn(0) .. fn(tasks - 1), each once, and returns when all are done. Which thread takes which task varies; so
  // tasks must write apart and be cut by the problem, never by threads(): then any thread count gives the same bits.
  // If tasks throw, all the others still run, and then the exception of the lowest one is thrown here. Calls do not
  // nest.
  void parallel(Index tasks, const std::function<void(Index)>& fn) const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

enum class Library { cudnn, cufft };

class GpuExec {
 public:
  explicit GpuExec(int device);  // throws Fault::device, naming the driver's reason
  ~GpuExec();
  GpuExec(GpuExec&&) noexcept;
  GpuExec& operator=(GpuExec&&) noexcept;

  cudaStream_t stream() const;
  cublasHandle_t blas() const;  // already bound to stream()
  std::string name() const;
  int capability() const;  // compute capability, 90 for 9.0; the emulated GPU is a 9.0
  // Room for n doubles on the device, for the partial results of one op: the next call may hand out the same again.
  double* workspace(Index n);
  // What a library keeps for this executor, such as a handle on its stream: set by whoever needs it first, destroyed
  // before the stream.
  std::shared_ptr<void>& library(Library);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using Exec = std::variant<CpuExec, GpuExec>;

std::string why_no_gpu();           // empty if a GPU can be used
std::string describe(const Exec&);  // "CPU, 2 threads", "GPU 0, NVIDIA H100 80GB HBM3", "emulated GPU"
bool gpu_is_emulated();             // by kernels/simt, in a build for it

}  // namespace cutract
