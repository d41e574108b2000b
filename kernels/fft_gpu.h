#pragma once

#include "host/core/exec.h"
#include "host/core/view.h"

// Real FFTs by a library: cuFFT, or where the GPU is emulated the definition of the transform, in double. Not an op:
// the ops' GPU files call it.
namespace cutract {

struct alignas(8) Complex {
  float re, im;
};

// spectra [room, n/2 + 1] from signals [room, n], of which the first `count` matter. Plans are made once for each n and
// room; the rows behind count are transformed too, whatever lies there.
void fft_real(GpuExec&, Index n, Index room, Index count, const float* signals, Complex* spectra);

}  // namespace cutract
