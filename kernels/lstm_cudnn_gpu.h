#pragma once

#include "kernels/lstm.h"

// The LSTM's engine cudnn. Not an op: lstm_gpu.cu calls it. gates and c are not touched: cuDNN keeps its own in
// reserve.
namespace cutract {

void lstm_cudnn(GpuExec&, const LstmArgs&);  // an empty reserve means that no backward follows
void lstm_backward_cudnn(GpuExec&, const LstmBackwardArgs&);

// Bytes of reserve that backward needs, for this batch exactly.
Index lstm_cudnn_reserve(GpuExec&, const LstmArgs&);

}  // namespace cutract
