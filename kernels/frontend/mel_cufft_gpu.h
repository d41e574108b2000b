#pragma once

#include "kernels/frontend/mel.h"

// Log-mels in three passes over memory: windowing, an FFT by a library, then power and filters. Not an op: mel_gpu.cu
// calls it.
namespace cutract {

Index mel_cufft_scratch(Index n_fft);  // in elements of type Complex

// Writes to a.out [T, M] and ignores basis, range, shift and gain. `most` [T] receives the largest value of each frame,
// or is null.
void mel_by_cufft(GpuExec&, const MelArgs& a, float* most, void* scratch);

}  // namespace cutract
