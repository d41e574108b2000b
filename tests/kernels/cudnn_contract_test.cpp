// The assumptions of kernels/lstm/rnn_cudnn.cpp about cuDNN that can be tested without a GPU; descriptors need none.
#include <cudnn.h>
#include <gtest/gtest.h>

#include <vector>

namespace cutract::test {
namespace {

cudnnStatus_t rnn(cudnnRNNAlgo_t algorithm, cudnnDataType_t data, cudnnDataType_t sums, cudnnMathType_t math) {
  cudnnRNNDescriptor_t d = nullptr;
  EXPECT_EQ(cudnnCreateRNNDescriptor(&d), CUDNN_STATUS_SUCCESS);
  const cudnnStatus_t s =
      cudnnSetRNNDescriptor_v8(d, algorithm, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS, CUDNN_BIDIRECTIONAL, CUDNN_LINEAR_INPUT,
                               data, sums, math, 80, 128, 128, 1, nullptr, CUDNN_RNN_PADDED_IO_DISABLED);
  cudnnDestroyRNNDescriptor(d);
  return s;
}

TEST(CudnnContract, TakesTheDescriptorsOfEveryPrecision) {
  for (const cudnnMathType_t math : {CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH})
    for (const cudnnRNNAlgo_t algorithm : {CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H})
      EXPECT_EQ(rnn(algorithm, CUDNN_DATA_FLOAT, CUDNN_DATA_FLOAT, math), CUDNN_STATUS_SUCCESS);
  const auto bf16 = [](cudnnDataType_t sums) {
    return rnn(CUDNN_RNN_ALGO_STANDARD, CUDNN_DATA_BFLOAT16, sums, CUDNN_TENSOR_OP_MATH);
  };
  EXPECT_EQ(bf16(CUDNN_DATA_FLOAT), CUDNN_STATUS_SUCCESS);
  EXPECT_NE(bf16(CUDNN_DATA_BFLOAT16), CUDNN_STATUS_SUCCESS);
}

cudnnStatus_t packed(const std::vector<int>& lengths, int longest) {
  cudnnRNNDataDescriptor_t d = nullptr;
  EXPECT_EQ(cudnnCreateRNNDataDescriptor(&d), CUDNN_STATUS_SUCCESS);
  const cudnnStatus_t s =
      cudnnSetRNNDataDescriptor(d, CUDNN_DATA_FLOAT, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, longest,
                                static_cast<int>(lengths.size()), 80, lengths.data(), nullptr);
  cudnnDestroyRNNDataDescriptor(d);
  return s;
}

TEST(CudnnContract, TakesPackedBatchesAsOursAre) {
  EXPECT_EQ(packed({9, 5, 5, 1}, 9), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(packed({65535}, 65535), CUDNN_STATUS_SUCCESS);
  EXPECT_NE(packed({65536}, 65536), CUDNN_STATUS_SUCCESS);
  EXPECT_NE(packed({5, 9}, 9), CUDNN_STATUS_SUCCESS) << "unsorted";
  EXPECT_NE(packed({9, 0}, 9), CUDNN_STATUS_SUCCESS) << "empty";
}

}  // namespace
}  // namespace cutract::test
