#pragma once

#include <cstdint>

#include "host/core/philox.h"
#include "host/core/view.h"
#include "host/device/exec.h"
#include "host/device/ragged.h"

namespace cutract {

// y = x * keep / (1 - p). keep depends only on (seed, step, site, utterance uid, frame, column), so it is the same on
// every device, for every batch split and for every thread count. Backward is the same op applied to dy.
struct DropoutArgs {
  View<const float, 2> x;  // [N, C]
  Ragged ragged;
  View<const std::uint32_t, 1> uid;  // [B] index of each utterance in the corpus
  std::uint64_t seed = 0, site = 0;  // site: the number of the place in the model
  View<const Index, 1> step;  // [1] in the executor's memory, because it changes between replays of a captured graph
  float p = 0;                // probability of dropping an element, in [0, 1)
  View<float, 2> y;           // [N, C] may alias x
};
void dropout(Exec&, const DropoutArgs&);
void dropout(CpuExec&, const DropoutArgs&);
void dropout(GpuExec&, const DropoutArgs&);

CUTRACT_HD inline std::uint64_t dropout_key(const DropoutArgs& a) {
  return derive_key(a.seed, static_cast<std::uint64_t>(a.step.data[0]), a.site);
}
// Four neighbouring columns share one Philox block.
CUTRACT_HD inline Philox4 dropout_bits(std::uint64_t key, std::uint32_t uid, std::uint32_t frame,
                                       std::uint32_t column) {
  return philox(key, {{column / 4, frame, uid, 0}});
}

}  // namespace cutract
