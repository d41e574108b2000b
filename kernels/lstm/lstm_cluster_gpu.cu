#include "kernels/lstm/lstm_cell.cuh"
#include "kernels/lstm/lstm_fragment.cuh"
#include "kernels/lstm/lstm_gpu.h"
#include "kernels/simt/simt.cuh"

// The cluster engine extends the persistent engine to weights that do not fit in the registers of one multiprocessor,
// and to batches of so few utterances that most multiprocessors would be idle. The C blocks of a cluster (sm_90) own
// eight utterances in one direction; each block owns H / C units and, in registers, a fragment A of H / 4 words per
// lane. A block stores data for another block directly into the receiver's shared memory, where the receiver's mbarrier
// counts the bytes (st.async). No step has a cluster-wide barrier.
//
// Forward, every block needs all of h, so each block receives 16 H bytes per step. A warp owns 4 units, and the 16 rows
// of its fragment are the four gates of each. A lane has two gates of two cells, exchanges two sums with another lane,
// and owns one cell.
//
// Backward, dh of a unit needs the gate gradients of all units. Sending these to every block would cost 64 H bytes per
// block and step (4 H values in each of 8 rows, in bf16), and the remaining products, 4 H deep for few rows, would have
// to be divided among warps and added through shared memory. Instead, each block multiplies only the gradients of its
// own gates, for all units, and sends each partial sum to the block that owns the unit. This costs 32 H bytes (64 H for
// C = 2), although in fp32, and no more registers than forward. Partial sums are added pairwise, then pairs of pairs
// and so on, over slices of the gates that are the same for every C, so an utterance gives the same bits in any batch.
//
// Two alternating buffers are enough, and no block needs to signal that it has read a buffer. Forward, a block that
// sends h of step s has received h of s - 1 from every warp of the receiver, and a warp sends that only after reading h
// of s - 2. Backward, a block that sends in a round has received the partial sums of the previous round from the
// receiver, which sends them after a __syncthreads that its warps reach only after reading the partial sums of the
// round before that. For the same reason, an mbarrier is armed for its next phase before any byte of that phase can
// arrive.
namespace cutract {
namespace {

constexpr unsigned kAllLanes = 0xffffffffu;

// Two buffers that the peers of a cluster fill alternately, `bytes` per round, with one mbarrier each.
class Exchange {
 public:
  static constexpr std::size_t kShared = 16;

  __device__ explicit Exchange(std::uint32_t bytes) : bytes_(bytes) {
    if (threadIdx.x != 0) return;
    for (int round = 0; round < 2; ++round) {
      simt::mbarrier_init(barrier(round), 1);
      arm(round);
    }
    simt::fence_mbarrier_init();
  }
  __device__ static std::uint64_t* barrier(int round) {
    return reinterpret_cast<std::uint64_t*>(simt::shared_memory()) + round % 2;
  }
  // Waits until all data of this round has arrived in this block.
  __device__ void wait(int round) const {
    const int phase = round / 2 + (CUTRACT_PLANTED("gpu_cluster_wrong_parity") ? 1 : 0);
    if (!CUTRACT_PLANTED("gpu_cluster_no_wait") || threadIdx.x == 0) simt::mbarrier_wait(barrier(round), phase % 2);
    if (threadIdx.x == 0 && !CUTRACT_PLANTED("gpu_cluster_not_rearmed")) arm(round);
  }

 private:
  __device__ void arm(int round) const { simt::mbarrier_arrive_expect(barrier(round), bytes_); }
  std::uint32_t bytes_;
};

// The division of the work: warp w owns units 4 w to 4 w + 3 of its block.
template <int H, int C>
struct Block {
  static constexpr int kUnits = H / C, kWarps = kUnits / 4, kThreads = 32 * kWarps, kBlocks = C;
  static_assert(kUnits % 16 == 0, "a fragment A backward has 16 units, all of one block");

  Lane lane;
  int rank = static_cast<int>(simt::cluster_rank()), tile = static_cast<int>(blockIdx.x) / C;
  // The lane's cell: the utterance within the tile and the unit within the block.
  int row = 2 * lane.t + lane.g / 4, unit = 4 * lane.warp + lane.g % 4;

  static __device__ std::byte* shared() { return simt::shared_memory() + Exchange::kShared; }
};

template <int H, int C>
struct Forward : Block<H, C> {
  using Steps = LstmStepsForward;
  using Block<H, C>::lane, Block<H, C>::rank, Block<H, C>::unit, Block<H, C>::row;
  static constexpr int kStride = H + 8;  // of one row of h
  static constexpr std::size_t kBuffer = kTileRows * kStride * sizeof(std::uint16_t),
                               kShared = Exchange::kShared + 2 * kBuffer;

  Steps a;
  ForwardCell<H> cell;
  Exchange exchange{kTileRows * H * sizeof(std::uint16_t)};
  Word w[H / 16][4];  // row r of the warp's 16 rows is gate r / 4 of its unit r % 4

  __device__ explicit Forward(const Steps& steps)
      : a(steps), cell(steps, this->tile, this->row, rank * this->kUnits + unit) {
    const float* from = pick(a.w_hh, cell.d) + (rank * this->kUnits + 4 * lane.warp) * H;
#pragma unroll
    for (int k = 0; k < H / 16; ++k)
      load_weights(w[k], lane, [&](int r, int column) { return from[(r / 4 * H + r % 4) * H + 16 * k + column]; });
  }

  __device__ void step(int s) {
    float before[4];
    cell.take(a, s, before);
    if (s > 0) add_product(s, before);
    cell.step(before);
    if (s + 1 < cell.longest || CUTRACT_PLANTED("gpu_cluster_early_exit")) send(s);
    cell.save(a, s);
  }

 private:
  // h of all units at step s, bf16 [kTileRows, kStride].
  __device__ std::uint16_t* h(int s) const {
    const int buffer = CUTRACT_PLANTED("gpu_cluster_single_buffer") ? 0 : s % 2;
    return reinterpret_cast<std::uint16_t*>(this->shared() + buffer * kBuffer);
  }

  // before += R h of the previous step.
  __device__ void add_product(int s, float (&before)[4]) {
    exchange.wait(s - 1);
    float sum[4] = {}, odd[4] = {};  // two sums, so that consecutive products are independent
#pragma unroll
    for (int k = 0; k < H / 16; k += 2) {
      Word b0[2], b1[2];
      load_rows(b0, b1, lane, h(s - 1), kStride, 16 * k);
      simt::mma_bf16(sum, w[k], b0);
      simt::mma_bf16(odd, w[k + 1], b1);
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) sum[i] += odd[i];
    // Lanes with g < 4 have gates 0 and 2 of both their utterances, and lanes with g + 4 have gates 1 and 3. After the
    // exchange each lane has all four gates of one utterance.
    const bool upper = lane.g >= 4;
    const float first = __shfl_xor_sync(kAllLanes, upper ? sum[0] : sum[1], 16),
                second = __shfl_xor_sync(kAllLanes, upper ? sum[2] : sum[3], 16);
    before[0] += upper ? first : sum[0];
    before[1] += upper ? sum[1] : first;
    before[2] += upper ? second : sum[2];
    before[3] += upper ? sum[3] : second;
  }

  // The four lanes that hold the warp's units of one utterance combine them into one 8-byte word and divide the peers
  // among themselves.
  __device__ void send(int s) {
    const float neighbour = __shfl_xor_sync(kAllLanes, cell.h, 4);
    const bool even = unit % 2 == 0;
    const Word two = simt::pack_bf16(even ? cell.h : neighbour, even ? neighbour : cell.h),
               others = __shfl_xor_sync(kAllLanes, two, 8);
    const uint2 four = unit % 4 < 2 ? make_uint2(two, others) : make_uint2(others, two);
    auto* to = reinterpret_cast<uint2*>(h(s) + row * kStride + rank * this->kUnits + 4 * lane.warp);
#pragma unroll
    for (int first = 0; first < C; first += 4) {
      const int peer = first + unit % 4;
      if (peer < C - (CUTRACT_PLANTED("gpu_cluster_peer_forgotten") ? 1 : 0))
        simt::store_async(to, four, exchange.barrier(s), static_cast<std::uint32_t>(peer));
    }
  }
};

template <int H, int C>
struct Backward : Block<H, C> {
  using Steps = LstmStepsBackward;
  using Block<H, C>::lane, Block<H, C>::rank, Block<H, C>::unit, Block<H, C>::row;
  using Block<H, C>::kUnits, Block<H, C>::kWarps;
  // All gates are divided into shares, one for each partial sum that a unit receives, and the shares into slices: 8
  // slices in total for every C, 16 for H = 512. A warp has one share and computes sums for 16 kPanels units.
  static constexpr int kShares = C < 4 ? 4 : C, kSlices = C < 8 ? 2 : 1, kPanels = kShares / 4;
  static constexpr int kSharesHere = kShares / C, kWarpsOfShare = kWarps / kSharesHere;
  static constexpr int kDepth = 4 * H / kShares / kSlices / 16;  // consecutive products
  static constexpr int kStride = 4 * kUnits + 8;                 // of one row of gate gradients
  static constexpr int kCells = kUnits * kTileRows;
  static constexpr std::size_t kPartial = kShares * kCells * sizeof(float),
                               kGradients = kTileRows * kStride * sizeof(std::uint16_t),
                               kShared = Exchange::kShared + 2 * kPartial + 2 * kGradients;

  Steps a;
  BackwardCell<H> cell;
  Exchange exchange{kPartial};
  int share = lane.warp / kWarpsOfShare, first_unit = lane.warp % kWarpsOfShare * kPanels * 16;
  // Columns of w_hh for 16 units: row r of the fragment is unit 2 (r % 8) + r / 8; gates are in the order unit, gate.
  Word w[kPanels][kSlices * kDepth][4];

  __device__ explicit Backward(const Steps& steps) : a(steps), cell(steps, this->tile, row, rank * kUnits + unit) {
    const int first = rank * kUnits + share * kUnits / kSharesHere;  // first unit of the share
#pragma unroll
    for (int panel = 0; panel < kPanels; ++panel) {
      const float* from = pick(a.w_hh, cell.d) + first * H + first_unit + 16 * panel;
#pragma unroll
      for (int k = 0; k < kSlices * kDepth; ++k)
        load_weights(w[panel][k], lane, [&](int r, int gate) {
          return from[(gate % 4 * H + 4 * k + gate / 4) * H + 2 * (r % 8) + r / 8];
        });
    }
  }

  __device__ void step(int round) {
    const int s = cell.longest - 1 - round;
    cell.step(s, round > 0 ? receive(round - 1) : 0.0f);
    store_gates(gradients(round) + row * kStride + 4 * unit, cell.dgate);
    cell.load(a, s - 1);  // loads while the product runs
    if (s > 0 || CUTRACT_PLANTED("gpu_cluster_backward_early_exit")) send(round);
    cell.save(a, s);
  }

 private:
  // Gate gradients of this block, bf16 [kTileRows, kStride].
  __device__ std::uint16_t* gradients(int round) const {
    const int buffer = CUTRACT_PLANTED("gpu_cluster_backward_single_gradients") ? 0 : round % 2;
    return reinterpret_cast<std::uint16_t*>(this->shared() + 2 * kPartial + buffer * kGradients);
  }
  // Partial sums of dh of this block's units, [kShares, kCells]: two utterances of two units side by side, in the order
  // of a lane's fragment D.
  __device__ float* partial(int round) const {
    const int buffer = CUTRACT_PLANTED("gpu_cluster_backward_single_partial") ? 0 : round % 2;
    return reinterpret_cast<float*>(this->shared() + buffer * kPartial);
  }

  __device__ float receive(int round) {
    exchange.wait(round);
    const float* from = partial(round) + 16 * (unit / 2) + 4 * (row / 2) + 2 * (unit % 2) + row % 2;
    float sum[kShares];
#pragma unroll
    for (int i = 0; i < kShares; ++i) sum[i] = from[i * kCells];
#pragma unroll
    for (int apart = 1; apart < kShares; apart *= 2)
#pragma unroll
      for (int i = 0; i < kShares; i += 2 * apart) sum[i] += sum[i + apart];
    return sum[0];
  }

  __device__ void send(int round) {
    if (!CUTRACT_PLANTED("gpu_cluster_backward_no_barrier")) __syncthreads();
    const std::uint16_t* dgates = gradients(round) + share * (4 * kUnits / kSharesHere);
    float sum[kPanels][kSlices][4] = {};
#pragma unroll
    for (int k = 0; k < kDepth; k += 2)
#pragma unroll
      for (int slice = 0; slice < kSlices; ++slice) {
        const int at = slice * kDepth + k;
        Word b0[2], b1[2];
        load_rows(b0, b1, lane, dgates, kStride, 16 * at);
#pragma unroll
        for (int panel = 0; panel < kPanels; ++panel) {
          simt::mma_bf16(sum[panel][slice], w[panel][at], b0);
          simt::mma_bf16(sum[panel][slice], w[panel][at + 1], b1);
        }
      }
    float* to = partial(round) + (rank * kSharesHere + share) * kCells + 16 * lane.g + 4 * lane.t;
#pragma unroll
    for (int panel = 0; panel < kPanels; ++panel) {
      const int of = first_unit + 16 * panel, peer = of / kUnits;
      float4 four = make_float4(sum[panel][0][0], sum[panel][0][1], sum[panel][0][2], sum[panel][0][3]);
      if constexpr (kSlices == 2) {
        const float* more = sum[panel][1];
        four.x += more[0];
        four.y += more[1];
        four.z += more[2];
        four.w += more[3];
      }
      if (CUTRACT_PLANTED("gpu_cluster_backward_peer_forgotten") && peer == C - 1) continue;
      simt::store_async(reinterpret_cast<float4*>(to + of % kUnits * kTileRows), four, exchange.barrier(round),
                        static_cast<std::uint32_t>(peer));
    }
  }
};

// The first barrier keeps blocks from sending before all peers have started and armed their mbarriers; the last keeps a
// block from exiting before all have received.
template <class Walk>
__global__ void __launch_bounds__(Walk::kThreads, 1) lstm_cluster_kernel(typename Walk::Steps a) {
  Walk walk(a);
  if (!CUTRACT_PLANTED("gpu_cluster_no_start")) simt::cluster_sync();
  for (int round = 0; round < walk.cell.longest; ++round) walk.step(round);
  if (!CUTRACT_PLANTED("gpu_cluster_early_exit") && !CUTRACT_PLANTED("gpu_cluster_backward_early_exit"))
    simt::cluster_sync();
}

// In both directions, tiles of long utterances come first.
template <class Walk>
void launch_walk(GpuExec& ex, const char* op, const typename Walk::Steps& a) {
  const Geometry g{{static_cast<unsigned>((a.utterances + kTileRows - 1) / kTileRows * Walk::kBlocks),
                    static_cast<unsigned>(a.directions)},
                   {Walk::kThreads},
                   Walk::kShared,
                   Walk::kBlocks};
  launch(ex, op, lstm_cluster_kernel<Walk>, g, a);
}

// Every H with the numbers of blocks that lstm_cluster_size can return for it.
template <template <int, int> class Walk, class Steps>
void launch_for(GpuExec& ex, const char* op, const Steps& a) {
  const int C = lstm_cluster_size(a.H, a.utterances, a.directions);
  if (a.H == 512) return launch_walk<Walk<512, 16>>(ex, op, a);
  if (a.H == 384) return launch_walk<Walk<384, 8>>(ex, op, a);
  if (a.H == 256) return C == 8 ? launch_walk<Walk<256, 8>>(ex, op, a) : launch_walk<Walk<256, 4>>(ex, op, a);
  if (C == 8) return launch_walk<Walk<128, 8>>(ex, op, a);
  C == 4 ? launch_walk<Walk<128, 4>>(ex, op, a) : launch_walk<Walk<128, 2>>(ex, op, a);
}

}  // namespace

void lstm_cluster(GpuExec& ex, const LstmStepsForward& a) { launch_for<Forward>(ex, "lstm", a); }
void lstm_cluster(GpuExec& ex, const LstmStepsBackward& a) { launch_for<Backward>(ex, "lstm_backward", a); }

}  // namespace cutract
