#include <dlfcn.h>
#include <fmt/format.h>

#include <fstream>

#include "host/device/cuda_check.h"
#include "host/device/gpu_facts.h"

namespace cutract {
namespace {

std::string cuda_version(int v) { return fmt::format("{}.{}", v / 1000, v % 1000 / 10); }

// From "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 ...", this takes the word that begins
// with a digit and contains a point.
std::string driver_version() {
  std::ifstream in("/proc/driver/nvidia/version");
  for (std::string word; in >> word;)
    if (word[0] >= '0' && word[0] <= '9' && word.find('.') != std::string::npos) return word;
  return "unknown";
}

// Looks up a function of an optional library, so that its absence is reported in a line and does not end the program.
template <class Function>
Function* find(const char* library, const char* name) {
  void* at = dlopen(library, RTLD_LAZY | RTLD_LOCAL);  // stays loaded, as it does once an op has used it
  return at ? reinterpret_cast<Function*>(dlsym(at, name)) : nullptr;
}

std::string cudnn_version() {
  auto* const version = find<std::size_t()>("libcudnn.so.9", "cudnnGetVersion");
  if (!version) return "missing (libcudnn.so.9)";
  const std::size_t v = version();
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

std::string cufft_version() {
  auto* const version = find<int(int*)>("libcufft.so.12", "cufftGetVersion");
  int v = 0;
  if (!version || version(&v) != 0) return "missing (libcufft.so.12)";
  return fmt::format("{}.{}.{}", v / 1000, v / 100 % 10, v % 100);
}

std::string cublas_version(cublasHandle_t blas) {
  int v = 0;
  check(cublasGetVersion(blas, &v), "cublasGetVersion");
  return fmt::format("{}.{}.{}", v / 10000, v / 100 % 100, v % 100);
}

}  // namespace

std::vector<GpuFact> gpu_facts(const GpuExec& ex) {
  int device = 0, driver = 0, runtime = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
  check(cudaRuntimeGetVersion(&runtime), "cudaRuntimeGetVersion");
  cudaDeviceProp p{};
  check(cudaGetDeviceProperties(&p, device), "cudaGetDeviceProperties");
  std::size_t free = 0, total = 0;
  check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
  const auto gib = [](std::size_t bytes) { return static_cast<double>(bytes) / (1u << 30); };
  return {{"GPU", ex.name()},
          {"GPU is", fmt::format("compute capability {}.{}, {} multiprocessors, {:.1f} MiB of L2", p.major, p.minor,
                                 p.multiProcessorCount, p.l2CacheSize / 1048576.0)},
          {"GPU memory", fmt::format("{:.1f} of {:.1f} GiB free", gib(free), gib(total))},
          {"driver", fmt::format("{}, for CUDA {}", driver_version(), cuda_version(driver))},
          {"CUDA", cuda_version(runtime)},
          {"cuBLAS", cublas_version(ex.blas())},
          {"cuDNN", cudnn_version()},
          {"cuFFT", cufft_version()}};
}

}  // namespace cutract
