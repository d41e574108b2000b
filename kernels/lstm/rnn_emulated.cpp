// Stand-in for cuDNN on the emulated GPU: the textbook recurrence, with a weight layout that callers cannot guess, like
// cuDNN's. The weight space begins with the last matrix, has gaps, and is NaN where nothing is stored.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "kernels/lstm/lstm_plain.h"
#include "kernels/lstm/rnn_gpu.h"

namespace cutract {
namespace {

constexpr Index kGap = 5;    // elements between two matrices
constexpr Index kWork = 64;  // bytes of scratch, which every call overwrites
using Floats = std::vector<float>;

std::size_t size_of(Index n) { return static_cast<std::size_t>(n); }

// Converts between floats and the elements of a precision.
struct Elements {
  bool halved;  // bf16
  Index bytes(Index n) const { return n * (halved ? 2 : 4); }
  Floats read(const std::byte* from, Index n) const {
    Floats out(size_of(n));
    if (!halved) std::memcpy(out.data(), from, out.size() * sizeof(float));
    for (std::size_t i = 0; halved && i < out.size(); ++i) {
      std::uint16_t upper = 0;
      std::memcpy(&upper, from + 2 * i, 2);
      out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
    }
    return out;
  }
  void write(const Floats& values, std::byte* to) const {
    if (!halved) std::memcpy(to, values.data(), values.size() * sizeof(float));
    for (std::size_t i = 0; halved && i < values.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]);
      const auto upper = static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
      std::memcpy(to + 2 * i, &upper, 2);
    }
  }
};

}  // namespace

struct Rnn::Impl {
  RnnShape shape;
  RaggedBatch batch;
  Elements elements;
  Index N = 0;
  Floats weights_used, dy_used;  // stored by backward_data for backward_weights

  explicit Impl(const RnnShape& s) : shape(s), batch(s.lengths), elements{s.precision == Precision::bf16} {
    N = batch.view().frames;
  }
  Index place_of(Index d, Index linear) const {  // place of the bias; the matrix follows it
    Index at = kGap;
    for (Index place = 8 * shape.D - 1; place > 8 * d + linear; --place)
      at += shape.H + shape.H * (place % 8 < 4 ? shape.F : shape.H) + kGap;
    return at;
  }
  Index weight_elements() const { return place_of(0, 0) + shape.H + shape.H * shape.F + kGap; }

  // Reorders rows from utterance order to time order, or back.
  Floats reordered(const Floats& rows, Index width, bool to_time) const {
    Floats out(rows.size());
    Index row = 0;
    for (std::int32_t t = 0; t < shape.lengths.front(); ++t)
      for (std::size_t u = 0; u < shape.lengths.size() && shape.lengths[u] > t; ++u, ++row) {
        const Index ours = batch.view().offset.data[u] + t;
        const float* from = rows.data() + (to_time ? ours : row) * width;
        std::copy(from, from + width, out.data() + (to_time ? row : ours) * width);
      }
    return out;
  }
  Floats rows_of(const std::byte* timed, Index width) const {
    return reordered(elements.read(timed, N * width), width, false);
  }

  // The weights of one direction in PyTorch's layout.
  struct Direction {
    Floats w_ih, w_hh, b_ih, b_hh;
    LstmWeights view(Index F, Index H) const {
      return {{w_ih.data(), {4 * H, F}}, {w_hh.data(), {4 * H, H}}, {b_ih.data(), {4 * H}}, {b_hh.data(), {4 * H}}};
    }
    LstmGradients view(Index F, Index H) {
      return {{w_ih.data(), {4 * H, F}}, {w_hh.data(), {4 * H, H}}, {b_ih.data(), {4 * H}}, {b_hh.data(), {4 * H}}};
    }
  };
  Direction zeros() const {
    const Index F = shape.F, H = shape.H;
    return {Floats(size_of(4 * H * F)), Floats(size_of(4 * H * H)), Floats(size_of(4 * H)), Floats(size_of(4 * H))};
  }
  // Calls each(matrix, bias, number of elements, place in the space) for the 8 linear maps of a direction.
  template <class Each>
  void for_each_linear(Direction& w, Index d, const Each& each) const {
    for (Index linear = 0; linear < 8; ++linear) {
      const Index count = shape.H * (linear < 4 ? shape.F : shape.H), gate = linear % 4;
      Floats &matrix = linear < 4 ? w.w_ih : w.w_hh, &bias = linear < 4 ? w.b_ih : w.b_hh;
      each(matrix.data() + gate * count, bias.data() + gate * shape.H, count, place_of(d, linear));
    }
  }
  std::vector<Direction> directions(const Floats& space) const {
    std::vector<Direction> out;
    for (Index d = 0; d < shape.D; ++d) {
      out.push_back(zeros());
      for_each_linear(out.back(), d, [&](float* matrix, float* bias, Index count, Index at) {
        std::copy_n(space.data() + at, shape.H, bias);
        std::copy_n(space.data() + at + shape.H, count, matrix);
      });
    }
    return out;
  }

  // The reserve holds the gates, then c.
  LstmBackwardArgs backward_args(Floats& kept, const Floats& x, const Floats& y, const Floats& dy) const {
    const Index F = shape.F, H = shape.H, D = shape.D;
    LstmBackwardArgs a;
    a.x = {x.data(), {N, F}};
    a.ragged = batch.view();
    a.gates = {kept.data(), {N, D, 4 * H}};
    a.c = {kept.data() + N * D * 4 * H, {N, D, H}};
    a.h = {y.data(), {N, D, H}};
    a.dh = {dy.data(), {N, D, H}};
    return a;
  }
};

std::string why_no_cudnn() { return ""; }

Rnn::Rnn(GpuExec&, const RnnShape& s) : impl_(std::make_unique<Impl>(s)) {}
Rnn::~Rnn() = default;

Rnn::Sizes Rnn::sizes() const {
  const Impl& i = *impl_;
  const Index kept = i.N * i.shape.D * 5 * i.shape.H * static_cast<Index>(sizeof(float));
  return {i.elements.bytes(i.weight_elements()), kWork, i.shape.training ? kept : 0};
}

Rnn::Place Rnn::place(Index direction, Index linear, const std::byte*) const {
  const Index at = impl_->place_of(direction, linear);
  return {at + impl_->shape.H, at};
}

void Rnn::forward(const std::byte* x, const std::byte* weights, std::byte* y, std::byte* work, std::byte* reserve) {
  const Impl& i = *impl_;
  const Index F = i.shape.F, H = i.shape.H, D = i.shape.D, N = i.N;
  Floats kept(size_of(N * D * 5 * H)), h(size_of(N * D * H));
  const Floats rows = i.rows_of(x, F);
  const auto w = i.directions(i.elements.read(weights, i.weight_elements()));
  LstmArgs a{
      {rows.data(), {N, F}}, {}, i.batch.view(), {kept.data(), {N, D, 4 * H}}, {kept.data() + N * D * 4 * H, {N, D, H}},
      {h.data(), {N, D, H}}};
  for (std::size_t d = 0; d < w.size(); ++d) a.w[d] = w[d].view(F, H);
  lstm_plain(a);
  i.elements.write(i.reordered(h, D * H, true), y);
  std::memset(work, 0xff, kWork);
  if (i.shape.training) std::memcpy(reserve, kept.data(), kept.size() * sizeof(float));
}

void Rnn::backward_data(const std::byte* y, const std::byte* dy, const std::byte* weights, std::byte* dx,
                        std::byte* work, std::byte* reserve) {
  Impl& i = *impl_;
  const Index F = i.shape.F, H = i.shape.H, D = i.shape.D;
  i.weights_used = i.elements.read(weights, i.weight_elements());
  i.dy_used = i.rows_of(dy, D * H);
  const Floats h = i.rows_of(y, D * H), x(size_of(i.N * F));  // dx does not depend on x
  Floats kept = Elements{false}.read(reserve, i.N * D * 5 * H), out(x.size());
  auto w = i.directions(i.weights_used);
  std::vector<Impl::Direction> dw(w.size(), i.zeros());
  LstmBackwardArgs a = i.backward_args(kept, x, h, i.dy_used);
  a.dx = {out.data(), {i.N, F}};
  for (std::size_t d = 0; d < w.size(); ++d) {
    a.w[d] = std::as_const(w[d]).view(F, H);
    a.dw[d] = dw[d].view(F, H);
  }
  lstm_backward_plain(a);
  i.elements.write(i.reordered(out, F, true), dx);
  std::memset(work, 0xff, kWork);
}

void Rnn::backward_weights(const std::byte* x, const std::byte* y, std::byte* dweights, std::byte* work,
                           std::byte* reserve) {
  Impl& i = *impl_;
  if (i.dy_used.empty()) fail(Fault::internal, "rnn: gradients of the weights are asked for before those of the data");
  const Index F = i.shape.F, H = i.shape.H, D = i.shape.D;
  const Floats rows = i.rows_of(x, F), h = i.rows_of(y, D * H);
  Floats kept = Elements{false}.read(reserve, i.N * D * 5 * H);
  auto w = i.directions(i.weights_used);
  std::vector<Impl::Direction> dw(w.size(), i.zeros());
  LstmBackwardArgs a = i.backward_args(kept, rows, h, i.dy_used);
  for (std::size_t d = 0; d < w.size(); ++d) {
    a.w[d] = std::as_const(w[d]).view(F, H);
    a.dw[d] = dw[d].view(F, H);
  }
  lstm_backward_plain(a);
  Floats space = i.elements.read(dweights, i.weight_elements());
  for (std::size_t d = 0; d < dw.size(); ++d)
    i.for_each_linear(dw[d], static_cast<Index>(d), [&](const float* matrix, const float* bias, Index count, Index at) {
      for (Index j = 0; j < H; ++j) space[size_of(at + j)] += bias[j];
      for (Index j = 0; j < count; ++j) space[size_of(at + H + j)] += matrix[j];
    });
  i.elements.write(space, dweights);
  std::memset(work, 0xff, kWork);
}

}  // namespace cutract
