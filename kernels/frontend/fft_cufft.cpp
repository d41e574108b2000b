#include <cufft.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "host/core/error.h"
#include "kernels/frontend/fft_gpu.h"

namespace cutract {
namespace {

void check(cufftResult r, const char* what) {  // cuFFT reports error numbers without a text
  if (r != CUFFT_SUCCESS)
    fail(r == CUFFT_ALLOC_FAILED ? Fault::memory : Fault::device,
         std::string("fft by cuFFT: ") + what + ": status " + std::to_string(r) +
             (r == CUFFT_ALLOC_FAILED ? " (out of GPU memory)" : ""));
}

class Plan {
 public:
  Plan(cudaStream_t stream, int n, int batch) {
    check(cufftCreate(&plan_), "cufftCreate");
    try {
      std::size_t work = 0;
      check(cufftMakePlanMany(plan_, 1, &n, nullptr, 1, n, nullptr, 1, n / 2 + 1, CUFFT_R2C, batch, &work),
            "cufftMakePlanMany");
      check(cufftSetStream(plan_, stream), "cufftSetStream");
    } catch (...) {
      (void)cufftDestroy(plan_);
      throw;
    }
  }
  ~Plan() { (void)cufftDestroy(plan_); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;
  operator cufftHandle() const { return plan_; }  // NOLINT(google-explicit-constructor): every cuFFT call takes one

 private:
  cufftHandle plan_ = 0;
};
using Plans = std::map<std::pair<Index, Index>, Plan>;  // keyed by n and room

}  // namespace

void fft_real(GpuExec& ex, Index n, Index room, Index, const float* signals, Complex* spectra) {
  std::shared_ptr<void>& kept = ex.library(Library::cufft);
  if (!kept) kept = std::make_shared<Plans>();
  auto& plans = *static_cast<Plans*>(kept.get());
  const Plan& plan =
      plans.try_emplace({n, room}, ex.stream(), static_cast<int>(n), static_cast<int>(room)).first->second;
  // The transform is out of place, so the signals are only read.
  check(cufftExecR2C(plan, const_cast<cufftReal*>(signals), reinterpret_cast<cufftComplex*>(spectra)), "cufftExecR2C");
}

}  // namespace cutract
