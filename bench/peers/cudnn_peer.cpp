#include <cuda_runtime_api.h>
#include <cudnn.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

// cudnn_peer ALGORITHM PRECISION F H L LENGTHS [graph]: a bidirectional LSTM stack in cuDNN on packed sequences,
// forward and backward for training. ALGORITHM is standard, small_h or persist_dynamic; PRECISION is fp32, tf32 or
// bf16; LENGTHS is "450,440,..." in descending order; `graph` replays a captured CUDA graph. Uses the protocol of
// compare.py: prints "ready ...", then, for every line on stdin, the wall-clock seconds until the GPU is done.
namespace {

void check(cudaError_t e, const char* what) {
  if (e == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(e));
  std::exit(1);
}
void check(cudnnStatus_t s, const char* what) {
  if (s == CUDNN_STATUS_SUCCESS) return;
  char more[512] = "";
  cudnnGetLastErrorString(more, sizeof more);
  std::fprintf(stderr, "%s: %s; %s\n", what, cudnnGetErrorString(s), more);
  std::exit(1);
}
#define CHECKED(call) check(call, #call)

struct Problem {
  cudnnRNNAlgo_t algorithm = CUDNN_RNN_ALGO_STANDARD;
  std::string precision;
  int F = 0, H = 0, L = 0;
  std::vector<int> lengths;
  int frames() const { return std::accumulate(lengths.begin(), lengths.end(), 0); }
  bool bf16() const { return precision == "bf16"; }
};

std::uint16_t to_bf16(float v) {
  std::uint32_t u = 0;
  std::memcpy(&u, &v, sizeof u);
  return static_cast<std::uint16_t>((u + 0x7fff + (u >> 16 & 1)) >> 16);
}
float from_bf16(std::uint16_t h) {
  const std::uint32_t u = std::uint32_t{h} << 16;
  float v = 0;
  std::memcpy(&v, &u, sizeof v);
  return v;
}

// Never freed: the memory lives as long as the process.
void* allocate(std::size_t bytes) {
  void* at = nullptr;
  CHECKED(cudaMalloc(&at, std::max<std::size_t>(bytes, 256)));
  CHECKED(cudaMemset(at, 0, std::max<std::size_t>(bytes, 256)));
  return at;
}

// Allocates n numbers in [-scale, scale] in the data type of the problem.
void* filled(const Problem& p, std::size_t n, float scale) {
  std::vector<float> v(n);
  std::uint32_t state = 1;
  for (float& x : v) {
    state = state * 1664525u + 1013904223u;
    x = scale * (static_cast<float>(state >> 8) * 0x1p-23f - 1);
  }
  std::vector<std::uint16_t> half(p.bf16() ? n : 0);
  std::transform(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(half.size()), half.begin(), to_bf16);
  const std::size_t bytes = n * (p.bf16() ? 2 : 4);
  void* at = allocate(bytes);
  CHECKED(cudaMemcpy(at, p.bf16() ? static_cast<void*>(half.data()) : v.data(), bytes, cudaMemcpyHostToDevice));
  return at;
}

class Peer {
 public:
  explicit Peer(const Problem& p) : problem_(p) {
    CHECKED(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    CHECKED(cudnnCreate(&handle_));
    CHECKED(cudnnSetStream(handle_, stream_));
    const cudnnDataType_t type = p.bf16() ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    const cudnnMathType_t math = p.bf16()                ? CUDNN_TENSOR_OP_MATH
                                 : p.precision == "tf32" ? CUDNN_DEFAULT_MATH
                                                         : CUDNN_FMA_MATH;
    CHECKED(cudnnCreateDropoutDescriptor(&dropout_));
    CHECKED(cudnnSetDropoutDescriptor(dropout_, handle_, 0, nullptr, 0, 0));
    CHECKED(cudnnCreateRNNDescriptor(&rnn_));
    CHECKED(cudnnSetRNNDescriptor_v8(rnn_, p.algorithm, CUDNN_LSTM, CUDNN_RNN_DOUBLE_BIAS, CUDNN_BIDIRECTIONAL,
                                     CUDNN_LINEAR_INPUT, type, CUDNN_DATA_FLOAT, math, p.F, p.H, p.H, p.L, dropout_,
                                     0));
    const int B = static_cast<int>(p.lengths.size());
    if (p.algorithm == CUDNN_RNN_ALGO_PERSIST_DYNAMIC) CHECKED(cudnnBuildRNNDynamic(handle_, rnn_, B));
    x_desc_ = data(type, p.F);
    y_desc_ = data(type, 2 * p.H);
    const int shape[3] = {2 * p.L, B, p.H}, stride[3] = {B * p.H, p.H, 1};
    CHECKED(cudnnCreateTensorDescriptor(&state_));
    CHECKED(cudnnSetTensorNdDescriptor(state_, type, 3, shape, stride));
    CHECKED(cudnnGetRNNWeightSpaceSize(handle_, rnn_, &weight_bytes_));
    CHECKED(cudnnGetRNNTempSpaceSizes(handle_, rnn_, CUDNN_FWD_MODE_TRAINING, x_desc_, &work_bytes_, &reserve_bytes_));
    const auto N = static_cast<std::size_t>(p.frames());
    x_ = filled(p, N * static_cast<std::size_t>(p.F), 1);
    dy_ = filled(p, N * 2 * static_cast<std::size_t>(p.H), 1);
    weights_ = filled(p, weight_bytes_ / (p.bf16() ? 2 : 4), 1 / std::sqrt(static_cast<float>(p.H)));
    const std::size_t element = p.bf16() ? 2 : 4;
    y_ = allocate(N * 2 * static_cast<std::size_t>(p.H) * element);
    dx_ = allocate(N * static_cast<std::size_t>(p.F) * element);
    dweights_ = allocate(weight_bytes_);
    work_ = allocate(work_bytes_);
    reserve_ = allocate(reserve_bytes_);
    lengths_ = static_cast<int*>(allocate(p.lengths.size() * sizeof(int)));
    CHECKED(cudaMemcpy(lengths_, p.lengths.data(), p.lengths.size() * sizeof(int), cudaMemcpyHostToDevice));
  }

  void capture() {
    queue();  // warms up, so that one-time initialisation is done
    wait();
    cudaGraph_t graph = nullptr;
    CHECKED(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal));
    queue();
    CHECKED(cudaStreamEndCapture(stream_, &graph));
    CHECKED(cudaGraphInstantiate(&graph_, graph, 0));
  }

  void run() {
    if (graph_)
      CHECKED(cudaGraphLaunch(graph_, stream_));
    else
      queue();
    wait();
  }

  // Whether something was computed: the gradients are finite and not all zero.
  bool plausible() const {
    std::vector<unsigned char> bytes(weight_bytes_);
    CHECKED(cudaMemcpy(bytes.data(), dweights_, weight_bytes_, cudaMemcpyDeviceToHost));
    double norm = 0;
    for (std::size_t i = 0; i + 4 <= weight_bytes_; i += 4) {
      float v = 0;
      std::uint16_t half = 0;
      std::memcpy(&v, &bytes[i], sizeof v);
      std::memcpy(&half, &bytes[i], sizeof half);
      if (problem_.bf16()) v = from_bf16(half);
      norm += double{v} * double{v};
    }
    return std::isfinite(norm) && norm > 0;
  }

 private:
  cudnnRNNDataDescriptor_t data(cudnnDataType_t type, int width) const {
    cudnnRNNDataDescriptor_t d = nullptr;
    CHECKED(cudnnCreateRNNDataDescriptor(&d));
    CHECKED(cudnnSetRNNDataDescriptor(d, type, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, problem_.lengths.front(),
                                      static_cast<int>(problem_.lengths.size()), width, problem_.lengths.data(),
                                      nullptr));
    return d;
  }
  // States are null: the initial ones are zero, and the final ones and their gradients are not computed.
  void queue() {
    CHECKED(cudnnRNNForward(handle_, rnn_, CUDNN_FWD_MODE_TRAINING, lengths_, x_desc_, x_, y_desc_, y_, state_, nullptr,
                            nullptr, state_, nullptr, nullptr, weight_bytes_, weights_, work_bytes_, work_,
                            reserve_bytes_, reserve_));
    CHECKED(cudnnRNNBackwardData_v8(handle_, rnn_, lengths_, y_desc_, y_, dy_, x_desc_, dx_, state_, nullptr, nullptr,
                                    nullptr, state_, nullptr, nullptr, nullptr, weight_bytes_, weights_, work_bytes_,
                                    work_, reserve_bytes_, reserve_));
    CHECKED(cudaMemsetAsync(dweights_, 0, weight_bytes_, stream_));  // cuDNN adds to them
    CHECKED(cudnnRNNBackwardWeights_v8(handle_, rnn_, CUDNN_WGRAD_MODE_ADD, lengths_, x_desc_, x_, state_, nullptr,
                                       y_desc_, y_, weight_bytes_, dweights_, work_bytes_, work_, reserve_bytes_,
                                       reserve_));
  }
  void wait() const { CHECKED(cudaStreamSynchronize(stream_)); }

  Problem problem_;
  cudaStream_t stream_ = nullptr;
  cudaGraphExec_t graph_ = nullptr;
  cudnnHandle_t handle_ = nullptr;
  cudnnDropoutDescriptor_t dropout_ = nullptr;
  cudnnRNNDescriptor_t rnn_ = nullptr;
  cudnnRNNDataDescriptor_t x_desc_ = nullptr, y_desc_ = nullptr;
  cudnnTensorDescriptor_t state_ = nullptr;
  std::size_t weight_bytes_ = 0, work_bytes_ = 0, reserve_bytes_ = 0;
  void *x_ = nullptr, *y_ = nullptr, *dx_ = nullptr, *dy_ = nullptr, *weights_ = nullptr, *dweights_ = nullptr,
       *work_ = nullptr, *reserve_ = nullptr;
  int* lengths_ = nullptr;
};

Problem parse(int argc, char** argv) {
  const std::string algorithm = argc > 1 ? argv[1] : "";
  if (argc < 7 || (algorithm != "standard" && algorithm != "small_h" && algorithm != "persist_dynamic")) {
    std::fprintf(stderr, "cudnn_peer: expected ALGORITHM PRECISION F H L LENGTHS [graph]\n");
    std::exit(2);
  }
  Problem p{.algorithm = algorithm == "standard"  ? CUDNN_RNN_ALGO_STANDARD
                         : algorithm == "small_h" ? CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H
                                                  : CUDNN_RNN_ALGO_PERSIST_DYNAMIC,
            .precision = argv[2],
            .F = std::atoi(argv[3]),
            .H = std::atoi(argv[4]),
            .L = std::atoi(argv[5]),
            .lengths = {}};
  std::istringstream lengths(argv[6]);
  for (std::string word; std::getline(lengths, word, ',');) p.lengths.push_back(std::atoi(word.c_str()));
  return p;
}

}  // namespace

int main(int argc, char** argv) {
  const Problem problem = parse(argc, argv);
  Peer peer(problem);
  if (argc > 7) peer.capture();
  peer.run();
  if (!peer.plausible()) {
    std::fprintf(stderr, "cudnn_peer: gradients are zero or not finite\n");
    return 1;
  }
  const std::size_t v = cudnnGetVersion();
  std::printf("ready %d %zu.%zu.%zu\n", problem.frames(), v / 10000, v / 100 % 100, v % 100);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    const auto began = std::chrono::steady_clock::now();
    peer.run();
    std::printf("%.9g\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    std::fflush(stdout);
  }
}
