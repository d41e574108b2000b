// The implementation by cuDNN 9. Its requirements, from its documentation and from the messages of its own checks:
// packed data is sorted longest first, without empty sequences, and has at most 65535 steps; different lengths need the
// STANDARD algorithm; every other algorithm needs two biases and float or double; gradients of weights are added, never
// set.
#include <cudnn.h>

#include <array>
#include <numeric>

#include "host/device/cuda_check.h"
#include "kernels/lstm/engine_error.h"
#include "kernels/lstm/rnn_gpu.h"

namespace cutract {
namespace {

constexpr std::int32_t kMostSteps = 65535;

void check(cudnnStatus_t s, const char* what) {
  if (s == CUDNN_STATUS_SUCCESS) return;
  std::array<char, 512> detail{};
  cudnnGetLastErrorString(detail.data(), detail.size());
  const bool memory = s == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ||
                      s == CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED;
  std::string text = std::string("lstm by cuDNN: ") + what + ": " + cudnnGetErrorString(s);
  if (detail.front() != '\0') text += std::string(" (") + detail.data() + ")";
  throw CudnnFailed(memory ? Fault::memory : Fault::device, text);
}

// A descriptor that destroys itself.
template <class D, cudnnStatus_t (*create)(D*), cudnnStatus_t (*destroy)(D)>
class Descriptor {
 public:
  explicit Descriptor(const char* what) { check(create(&d_), what); }
  ~Descriptor() { (void)destroy(d_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator D() const { return d_; }  // NOLINT(google-explicit-constructor): every cuDNN call takes one

 private:
  D d_ = nullptr;
};
using RnnDescriptor = Descriptor<cudnnRNNDescriptor_t, cudnnCreateRNNDescriptor, cudnnDestroyRNNDescriptor>;
using DataDescriptor =
    Descriptor<cudnnRNNDataDescriptor_t, cudnnCreateRNNDataDescriptor, cudnnDestroyRNNDataDescriptor>;
using TensorDescriptor = Descriptor<cudnnTensorDescriptor_t, cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor>;
using DropoutDescriptor =
    Descriptor<cudnnDropoutDescriptor_t, cudnnCreateDropoutDescriptor, cudnnDestroyDropoutDescriptor>;

struct Handle {
  cudnnHandle_t cudnn = nullptr;
  explicit Handle(cudaStream_t stream) {
    check(cudnnCreate(&cudnn), "cudnnCreate");
    check(cudnnSetStream(cudnn, stream), "cudnnSetStream");
  }
  ~Handle() { (void)cudnnDestroy(cudnn); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

cudnnHandle_t handle_of(GpuExec& ex) {
  std::shared_ptr<void>& kept = ex.library(Library::cudnn);
  if (!kept) kept = std::make_shared<Handle>(ex.stream());
  return static_cast<const Handle*>(kept.get())->cudnn;
}

cudnnDataType_t data_type(const RnnShape& s) {
  return s.precision == Precision::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

// As cuDNN defines them: FMA_MATH does not use the tensor cores; DEFAULT_MATH allows fp32 products there as tf32;
// TENSOR_OP_MATH allows bf16 products with fp32 sums. TENSOR_OP_MATH_ALLOW_CONVERSION is not used: it would round
// weights and states to half, whose range differs from that of tf32.
cudnnMathType_t math_type(Precision p) {
  if (p == Precision::bf16) return CUDNN_TENSOR_OP_MATH;
  return p == Precision::tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH;
}

// PERSIST_STATIC_SMALL_H keeps the weights on the chip, but its time grows with the batch: published 2.35 against 6.5
// us per step at 8 rows and H 128, but 34 against 11 at 45 rows and H 152. It supports H up to 192 forward and 128
// backward, and both passes must use the same algorithm. The limit of 192 applies when no backward follows, as in
// prediction. Ragged batches and bf16 always use STANDARD.
cudnnRNNAlgo_t algorithm(const RnnShape& s) {
  const bool equal = s.lengths.front() == s.lengths.back();
  const bool small = s.H <= (s.training ? 128 : 192) && s.lengths.size() <= 16;
  return equal && small && s.precision != Precision::bf16 ? CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H
                                                          : CUDNN_RNN_ALGO_STANDARD;
}

}  // namespace

struct Rnn::Impl {
  cudnnHandle_t handle;
  RnnShape shape;
  DropoutDescriptor no_dropout{"cudnnCreateDropoutDescriptor"};
  RnnDescriptor rnn{"cudnnCreateRNNDescriptor"};
  DataDescriptor x{"cudnnCreateRNNDataDescriptor"}, y{"cudnnCreateRNNDataDescriptor"};
  TensorDescriptor state{"cudnnCreateTensorDescriptor"};
  std::size_t weights = 0, work = 0, reserve = 0;

  Impl(GpuExec& ex, const RnnShape& s) : handle(handle_of(ex)), shape(s) {
    check(cudnnSetDropoutDescriptor(no_dropout, handle, 0, nullptr, 0, 0), "cudnnSetDropoutDescriptor");
    describe_data(x, s.F);
    describe_data(y, s.D * s.H);
    const auto D = static_cast<int>(s.D), B = static_cast<int>(s.lengths.size()), H = static_cast<int>(s.H);
    const std::array<int, 3> dims{D, B, H}, strides{B * H, H, 1};
    check(cudnnSetTensorNdDescriptor(state, data_type(s), 3, dims.data(), strides.data()),
          "cudnnSetTensorNdDescriptor");
    cudnnStatus_t taken = describe_rnn(algorithm(s));
    // The shapes that SMALL_H supports depend on the GPU; STANDARD supports all.
    if (CUDNN_STATUS_CATEGORY(taken) == CUDNN_STATUS_NOT_SUPPORTED) taken = describe_rnn(CUDNN_RNN_ALGO_STANDARD);
    check(taken, "cudnnSetRNNDescriptor_v8 and the sizes of its memory");
  }

  cudnnForwardMode_t mode() const { return shape.training ? CUDNN_FWD_MODE_TRAINING : CUDNN_FWD_MODE_INFERENCE; }

  // Returns an error status if this algorithm does not support the shape.
  cudnnStatus_t describe_rnn(cudnnRNNAlgo_t by) {
    const auto F = static_cast<std::int32_t>(shape.F), H = static_cast<std::int32_t>(shape.H);
    cudnnStatus_t s = cudnnSetRNNDescriptor_v8(
        rnn, by, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS, shape.D == 2 ? CUDNN_BIDIRECTIONAL : CUDNN_UNIDIRECTIONAL,
        CUDNN_LINEAR_INPUT, data_type(shape), CUDNN_DATA_FLOAT, math_type(shape.precision), F, H,
        /*projSize=*/H, /*numLayers=*/1, no_dropout, CUDNN_RNN_PADDED_IO_DISABLED);
    if (s == CUDNN_STATUS_SUCCESS) s = cudnnGetRNNWeightSpaceSize(handle, rnn, &weights);
    if (s == CUDNN_STATUS_SUCCESS) s = cudnnGetRNNTempSpaceSizes(handle, rnn, mode(), x, &work, &reserve);
    return s;
  }
  void describe_data(cudnnRNNDataDescriptor_t d, Index width) const {
    check(cudnnSetRNNDataDescriptor(d, data_type(shape), CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, shape.lengths.front(),
                                    static_cast<int>(shape.lengths.size()), static_cast<int>(width),
                                    shape.lengths.data(), /*paddingFill=*/nullptr),
          "cudnnSetRNNDataDescriptor");
  }
};

std::string why_no_cudnn() {
  const std::size_t version = cudnnGetVersion();
  return version >= 90000 ? "" : "cuDNN is version " + std::to_string(version) + ", expected 90000 or later";
}

Rnn::Rnn(GpuExec& ex, const RnnShape& s) {
  if (s.lengths.front() > kMostSteps)
    throw CudnnFailed(Fault::config, "lstm by cuDNN: an utterance has " + std::to_string(s.lengths.front()) +
                                         " frames, expected at most 65535");
  impl_ = std::make_unique<Impl>(ex, s);
}
Rnn::~Rnn() = default;

Rnn::Sizes Rnn::sizes() const {
  return {static_cast<Index>(impl_->weights), static_cast<Index>(impl_->work), static_cast<Index>(impl_->reserve)};
}

Rnn::Place Rnn::place(Index direction, Index linear, const std::byte* weights) const {
  const TensorDescriptor matrix("cudnnCreateTensorDescriptor"), bias("cudnnCreateTensorDescriptor");
  void *matrix_at = nullptr, *bias_at = nullptr;
  // With one layer, cuDNN's pseudo-layer is the direction.
  check(cudnnGetRNNWeightParams(impl_->handle, impl_->rnn, static_cast<std::int32_t>(direction), impl_->weights,
                                weights, static_cast<std::int32_t>(linear), matrix, &matrix_at, bias, &bias_at),
        "cudnnGetRNNWeightParams");
  const Index element = impl_->shape.precision == Precision::bf16 ? 2 : 4;
  const auto elements_to = [&](void* at) { return (static_cast<const std::byte*>(at) - weights) / element; };
  return {elements_to(matrix_at), elements_to(bias_at)};
}

// The descriptors carry the lengths; cuDNN has not read their device copies since 8.9.1, so these are null. So are the
// states before the first step and after the last.
void Rnn::forward(const std::byte* x, const std::byte* weights, std::byte* y, std::byte* work, std::byte* reserve) {
  Impl& i = *impl_;
  check(cudnnRNNForward(i.handle, i.rnn, i.mode(), nullptr, i.x, x, i.y, y, i.state, nullptr, nullptr, i.state, nullptr,
                        nullptr, i.weights, weights, i.work, work, i.reserve, i.reserve > 0 ? reserve : nullptr),
        "cudnnRNNForward");
}

void Rnn::backward_data(const std::byte* y, const std::byte* dy, const std::byte* weights, std::byte* dx,
                        std::byte* work, std::byte* reserve) {
  Impl& i = *impl_;
  check(
      cudnnRNNBackwardData_v8(i.handle, i.rnn, nullptr, i.y, y, dy, i.x, dx, i.state, nullptr, nullptr, nullptr,
                              i.state, nullptr, nullptr, nullptr, i.weights, weights, i.work, work, i.reserve, reserve),
      "cudnnRNNBackwardData_v8");
}

void Rnn::backward_weights(const std::byte* x, const std::byte* y, std::byte* dweights, std::byte* work,
                           std::byte* reserve) {
  Impl& i = *impl_;
  check(cudnnRNNBackwardWeights_v8(i.handle, i.rnn, CUDNN_WGRAD_MODE_ADD, nullptr, i.x, x, i.state, nullptr, i.y, y,
                                   i.weights, dweights, i.work, work, i.reserve, reserve),
        "cudnnRNNBackwardWeights_v8");
}

}  // namespace cutract
