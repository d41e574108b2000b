#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "host/core/view.h"

typedef struct CUstream_st* cudaStream_t;      // avoids CUDA headers here
typedef struct cublasContext* cublasHandle_t;  // likewise for cuBLAS

namespace cutract {

// The executor that runs an op, with the resources the op may use. It is passed explicitly: there is no current device.
class CpuExec {
 public:
  explicit CpuExec(int threads = 1);  // 0 uses every core the process may use
  ~CpuExec();
  CpuExec(CpuExec&&) noexcept;
  CpuExec& operator=(CpuExec&&) noexcept;

  int threads() const;
  // Calls fn(0) .. fn(tasks - 1), each once, and returns when all are done. The assignment of tasks to threads varies,
  // so tasks must write to separate memory. Divide the work by the problem, not by threads(), unless no bit depends on
  // the cut: then any thread count gives the same bits. If tasks throw, all the others still run, and then the
  // exception of the task with the lowest number is thrown here. Calls do not nest.
  void parallel(Index tasks, const std::function<void(Index)>& fn) const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

enum class Library { cudnn, cufft };

class GpuExec {
 public:
  explicit GpuExec(int device);  // throws Fault::device with the driver's reason
  ~GpuExec();
  GpuExec(GpuExec&&) noexcept;
  GpuExec& operator=(GpuExec&&) noexcept;

  cudaStream_t stream() const;
  cublasHandle_t blas() const;  // bound to stream()
  std::string name() const;
  int capability() const;  // compute capability, e.g. 90 for 9.0; the emulated GPU reports 90
  // Space for n doubles on the device, for the partial results of one op. The next call may return the same space
  // again.
  double* workspace(Index n);
  // Data that a library keeps for this executor, such as a handle on its stream. The first user sets it; it is
  // destroyed before the stream.
  std::shared_ptr<void>& library(Library);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

using Exec = std::variant<CpuExec, GpuExec>;

std::string why_no_gpu();           // empty if a GPU can be used
std::string describe(const Exec&);  // "CPU, 2 threads", "GPU 0, NVIDIA H100 80GB HBM3", "emulated GPU"
bool gpu_is_emulated();             // true in a build whose GPU is the emulator in kernels/simt

}  // namespace cutract
