#include "kernels/glu.h"
#include "kernels/isa.h"
#include "kernels/ranges_cpu.h"

namespace cutract {
namespace {

constexpr Index kRows = 32;  // rows of a task

template <Isa>
CUTRACT_INLINE void glu_row_body(const float* x, float* y, Index C) {
#pragma GCC ivdep
  for (Index c = 0; c < C; ++c) y[c] = glu_value(x[c], x[C + c]);
}
CUTRACT_PER_ISA(glu_row, (const float* x, float* y, Index C), (x, y, C))

// dx may be x itself, never another row of it, so no iteration depends on another.
template <Isa>
CUTRACT_INLINE void glu_backward_row_body(const float* x, const float* dy, float* dx, Index C) {
#pragma GCC ivdep
  for (Index c = 0; c < C; ++c) {
    const GluSlopes slopes = glu_slopes(x[c], x[C + c]);
    dx[c] = dy[c] * slopes.value;
    dx[C + c] = dy[c] * slopes.gate;
  }
}
CUTRACT_PER_ISA(glu_backward_row, (const float* x, const float* dy, float* dx, Index C), (x, dy, dx, C))

}  // namespace

void glu(CpuExec& ex, const GluArgs& a) {
  in_ranges(ex, a.y.shape[0], kRows, [&](Index first, Index last) {
    for (Index n = first; n < last; ++n) glu_row(a.x.row(n), a.y.row(n), a.y.shape[1]);
  });
}

void glu_backward(CpuExec& ex, const GluBackwardArgs& a) {
  in_ranges(ex, a.dy.shape[0], kRows, [&](Index first, Index last) {
    for (Index n = first; n < last; ++n) glu_backward_row(a.x.row(n), a.dy.row(n), a.dx.row(n), a.dy.shape[1]);
  });
}

}  // namespace cutract
