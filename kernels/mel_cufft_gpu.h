#pragma once

#include "kernels/mel.h"

// Log-mels by three passes over memory: windowed frames, their FFT by a library, power and filters. Not an op:
// mel_gpu.cu calls it.
namespace cutract {

Index mel_cufft_scratch(Index n_fft);  // in Complex

// Into a.out [T, M], without basis, range, shift and gain. `most` [T]: the largest of each frame, or null: not wanted.
void mel_by_cufft(GpuExec&, const MelArgs& a, float* most, void* scratch);

}  // namespace cutract
