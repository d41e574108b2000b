#include <algorithm>

#include "kernels/gather.h"

namespace cutract {

void gather(CpuExec& ex, const GatherArgs& a) {
  ex.parallel(a.ragged.utterances, [&](Index b) {
    std::copy_n(a.source.data[a.uid.data[b]], a.ragged.length.data[b] * a.out.shape[1],
                a.out.row(a.ragged.offset.data[b]));
  });
}

}  // namespace cutract
