#pragma once

#include <memory>
#include <vector>

#include "features/stream.h"
#include "host/device/exec.h"
#include "kernels/frontend/mel.h"

namespace cutract {

// Log-mels, or their cepstra if features.kind is "mfcc".
class MelStream {
 public:
  explicit MelStream(const StreamOptions&);  // computes the tables; warns of filters that see no bin
  static void options(FieldTable&, StreamOptions&);
  static std::vector<Column> columns(const StreamOptions&);

  // Fills out [T, number of columns]. The first call for a GPU uploads the tables; calls for a GPU must not overlap.
  void compute(Exec&, const StreamInput&, View<float, 2> out) const;

 private:
  struct Tables;
  struct OnGpu;
  MelArgs args_;  // without pointers
  Index cepstra_ = 0;
  std::shared_ptr<const Tables> tables_;
  std::shared_ptr<OnGpu> on_gpu_;
};

}  // namespace cutract
