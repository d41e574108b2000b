#pragma once

// The device layer: the one header that device code includes. Under nvcc it is CUDA, with thin names for features that
// CUDA C++ leaves to PTX. Under a plain C++ compiler the same names run on the emulated GPU (docs/emulator.md), so a
// .cu file is one source for both: threadIdx, __shared__, __syncthreads, shuffles, votes and integer atomics have
// CUDA's own names, and everything else is in cutract::simt.
#ifdef __CUDACC__
#include "host/device/launch.cuh"
#include "kernels/simt/cuda_cluster.cuh"
#include "kernels/simt/cuda_matrix.cuh"
#else
#include "kernels/simt/atomics.h"
#include "kernels/simt/barrier.h"
#include "kernels/simt/cluster.h"
#include "kernels/simt/copy.h"
#include "kernels/simt/launch_emulated.h"
#include "kernels/simt/matrix.h"
#include "kernels/simt/warp.h"
#endif
#include "kernels/simt/numbers.h"
#include "kernels/simt/tanh.h"
