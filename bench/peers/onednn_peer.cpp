#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <dnnl.hpp>
#include <iostream>
#include <string>
#include <vector>

// onednn_peer B LONGEST F H L REAL_FRAMES: a bidirectional LSTM stack in oneDNN, forward and backward for training, in
// float32. It has no lengths, so a ragged batch is padded to its longest utterance; REAL_FRAMES is only echoed. Because
// the weights change with every step, a run includes converting them to oneDNN's layouts and converting the gradients
// back. Uses the protocol of compare.py: prints "ready ...", then seconds for every line on stdin. The number of
// threads is OMP_NUM_THREADS.
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
constexpr auto kF32 = memory::data_type::f32;
constexpr auto kBoth = dnnl::rnn_direction::bidirectional_concat;

class Peer {
 public:
  Peer(long T, long B, long F, long H, long L)
      : x_(filled({T, B, F}, Tag::tnc, 1)), dh_(filled({T, B, 2 * H}, Tag::tnc, 1)) {
    for (long l = 0; l < L; ++l) layers_.emplace_back(*this, T, B, l == 0 ? F : 2 * H, H);
  }

  void run() {
    for (std::size_t l = 0; l < layers_.size(); ++l) layers_[l].forward(*this, l == 0 ? x_ : layers_[l - 1].h);
    for (std::size_t l = layers_.size(); l-- > 0;)
      layers_[l].backward(*this, l == 0 ? x_ : layers_[l - 1].h, l + 1 == layers_.size() ? dh_ : layers_[l + 1].dx);
    stream_.wait();
  }

  // Whether something was computed: the gradients are finite and not all zero.
  bool plausible() {
    for (auto& layer : layers_) {
      const auto* g = static_cast<const float*>(layer.user_dw_iter.get_data_handle());
      const std::size_t n = layer.user_dw_iter.get_desc().get_size() / sizeof(float);
      double norm = 0;
      for (std::size_t i = 0; i < n; ++i) norm += double(g[i]) * double(g[i]);
      if (!std::isfinite(norm) || norm == 0) return false;
    }
    return true;
  }

 private:
  struct Layer {
    dnnl::lstm_forward::primitive_desc fwd;
    dnnl::lstm_backward::primitive_desc bwd;
    memory user_w_layer, user_w_iter, bias, user_dw_layer, user_dw_iter, dbias;
    memory fwd_w_layer, fwd_w_iter, bwd_w_layer, bwd_w_iter, dw_layer, dw_iter, h, dx, workspace;

    Layer(Peer& p, long T, long B, long F, long H) {
      const auto plain = [](memory::dims d, Tag tag) { return memory::desc(d, kF32, tag); };
      const auto x = plain({T, B, F}, Tag::tnc), y = plain({T, B, 2 * H}, Tag::tnc), b = plain({1, 2, 4, H}, Tag::ldgo);
      const auto w_layer = plain({1, 2, F, 4, H}, Tag::any), w_iter = plain({1, 2, H, 4, H}, Tag::any);
      const memory::desc none;
      fwd = {{dnnl::prop_kind::forward_training, kBoth, x, none, none, w_layer, w_iter, b, y, none, none}, p.engine_};
      bwd = {{dnnl::prop_kind::backward,
              kBoth,
              x,
              none,
              none,
              w_layer,
              w_iter,
              b,
              y,
              none,
              none,
              x,
              none,
              none,
              w_layer,
              w_iter,
              b,
              y,
              none,
              none},
             p.engine_,
             fwd};
      const float bound = 1 / std::sqrt(float(H));
      user_w_layer = p.filled({1, 2, F, 4, H}, Tag::ldigo, bound);
      user_w_iter = p.filled({1, 2, H, 4, H}, Tag::ldigo, bound);
      bias = p.filled({1, 2, 4, H}, Tag::ldgo, bound);
      dbias = memory(bias.get_desc(), p.engine_);
      user_dw_layer = memory(user_w_layer.get_desc(), p.engine_);
      user_dw_iter = memory(user_w_iter.get_desc(), p.engine_);
      fwd_w_layer = memory(fwd.weights_layer_desc(), p.engine_);
      fwd_w_iter = memory(fwd.weights_iter_desc(), p.engine_);
      bwd_w_layer = memory(bwd.weights_layer_desc(), p.engine_);
      bwd_w_iter = memory(bwd.weights_iter_desc(), p.engine_);
      dw_layer = memory(bwd.diff_weights_layer_desc(), p.engine_);
      dw_iter = memory(bwd.diff_weights_iter_desc(), p.engine_);
      h = memory(y, p.engine_);
      dx = memory(x, p.engine_);
      workspace = memory(fwd.workspace_desc(), p.engine_);
    }

    void forward(Peer& p, const memory& x) {
      p.reorder(user_w_layer, fwd_w_layer);
      p.reorder(user_w_iter, fwd_w_iter);
      dnnl::lstm_forward(fwd).execute(p.stream_, {{DNNL_ARG_SRC_LAYER, x},
                                                  {DNNL_ARG_WEIGHTS_LAYER, fwd_w_layer},
                                                  {DNNL_ARG_WEIGHTS_ITER, fwd_w_iter},
                                                  {DNNL_ARG_BIAS, bias},
                                                  {DNNL_ARG_DST_LAYER, h},
                                                  {DNNL_ARG_WORKSPACE, workspace}});
    }

    void backward(Peer& p, const memory& x, const memory& dh) {
      p.reorder(user_w_layer, bwd_w_layer);
      p.reorder(user_w_iter, bwd_w_iter);
      for (memory* m : {&dw_layer, &dw_iter, &dbias}) {  // oneDNN adds to them
        auto* at = static_cast<char*>(m->get_data_handle());
        std::fill(at, at + m->get_desc().get_size(), char{0});
      }
      dnnl::lstm_backward(bwd).execute(p.stream_, {{DNNL_ARG_SRC_LAYER, x},
                                                   {DNNL_ARG_WEIGHTS_LAYER, bwd_w_layer},
                                                   {DNNL_ARG_WEIGHTS_ITER, bwd_w_iter},
                                                   {DNNL_ARG_BIAS, bias},
                                                   {DNNL_ARG_DST_LAYER, h},
                                                   {DNNL_ARG_WORKSPACE, workspace},
                                                   {DNNL_ARG_DIFF_SRC_LAYER, dx},
                                                   {DNNL_ARG_DIFF_WEIGHTS_LAYER, dw_layer},
                                                   {DNNL_ARG_DIFF_WEIGHTS_ITER, dw_iter},
                                                   {DNNL_ARG_DIFF_BIAS, dbias},
                                                   {DNNL_ARG_DIFF_DST_LAYER, dh}});
      p.reorder(dw_layer, user_dw_layer);
      p.reorder(dw_iter, user_dw_iter);
    }
  };

  void reorder(memory& from, memory& to) { dnnl::reorder(from, to).execute(stream_, from, to); }

  memory filled(const memory::dims& dims, Tag tag, float scale) {
    memory m({dims, kF32, tag}, engine_);
    auto* at = static_cast<float*>(m.get_data_handle());
    for (std::size_t i = 0; i < m.get_desc().get_size() / sizeof(float); ++i) {
      seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
      at[i] = scale * (float(seed_ >> 40) * 0x1p-23f - 1);
    }
    return m;
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::uint64_t seed_ = 1;
  memory x_, dh_;
  std::vector<Layer> layers_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return std::fputs("onednn_peer: expected B LONGEST F H L REAL_FRAMES\n", stderr), 2;
  const auto arg = [&](int i) { return std::atol(argv[i]); };
  Peer peer(arg(2), arg(1), arg(3), arg(4), arg(5));
  peer.run();
  if (!peer.plausible()) return std::fputs("onednn_peer: gradients are zero or not finite\n", stderr), 70;
  const auto* v = dnnl::version();
  std::printf("ready %ld %d.%d.%d\n", arg(6), v->major, v->minor, v->patch);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    const auto began = std::chrono::steady_clock::now();
    peer.run();
    std::printf("%.9g\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    std::fflush(stdout);
  }
}
