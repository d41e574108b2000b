// For a build without cuDNN: creating an Rnn throws an error that says so.
#include "kernels/lstm/engine_error.h"
#include "kernels/lstm/rnn_gpu.h"

namespace cutract {

std::string why_no_cudnn() { return "this build has no cuDNN 9 (none was found when it was configured)"; }

struct Rnn::Impl {};
Rnn::Rnn(GpuExec&, const RnnShape&) { throw CudnnFailed(Fault::device, "lstm by cuDNN: " + why_no_cudnn()); }
Rnn::~Rnn() = default;
Rnn::Sizes Rnn::sizes() const { return {}; }
Rnn::Place Rnn::place(Index, Index, const std::byte*) const { return {}; }
void Rnn::forward(const std::byte*, const std::byte*, std::byte*, std::byte*, std::byte*) {}
void Rnn::backward_data(const std::byte*, const std::byte*, const std::byte*, std::byte*, std::byte*, std::byte*) {}
void Rnn::backward_weights(const std::byte*, const std::byte*, std::byte*, std::byte*, std::byte*) {}

}  // namespace cutract
