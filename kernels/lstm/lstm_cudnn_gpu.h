#pragma once

#include "kernels/lstm/lstm.h"

// The LSTM engine cudnn. Not an op: lstm_gpu.cu calls it. It does not touch gates and c; cuDNN keeps its own in the
// reserve.
namespace cutract {

void lstm_cudnn(GpuExec&, const LstmArgs&);  // an empty reserve means that no backward follows
void lstm_backward_cudnn(GpuExec&, const LstmBackwardArgs&);

// Size in bytes of the reserve that backward needs for exactly this batch.
Index lstm_cudnn_reserve(GpuExec&, const LstmArgs&);

}  // namespace cutract
