#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

// Real FFTs by a library: cuFFT, or, where the GPU is emulated, the definition of the transform in double. Not an op:
// the ops' GPU files call it.
namespace cutract {

struct alignas(8) Complex {
  float re, im;
};

// Computes spectra [room, n/2 + 1] from signals [room, n]; only the first `count` are valid. A plan is made once for
// each pair of n and room. The rows after the first `count` are transformed too, whatever they contain.
void fft_real(GpuExec&, Index n, Index room, Index count, const float* signals, Complex* spectra);

}  // namespace cutract
