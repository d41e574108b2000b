#pragma once

#include <string>

#include "host/device/exec.h"

namespace cutract {

struct ChosenExec {
  Exec ex;
  std::string why_not_gpu;  // with "auto", the reason why the CPU was chosen
};

// Returns the executor for a device: "auto" (a GPU if one can be used), "cpu" or "cuda[:N]". A CPU has `threads`
// threads; 0: all cores. Throws Error{usage} for another name and Error{device} for a GPU that cannot be used, with
// `setting`, e.g. "--device", in the text.
ChosenExec choose_exec(const std::string& device, int threads, const std::string& setting);

}  // namespace cutract
