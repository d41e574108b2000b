#pragma once

#include <array>
#include <string>

#include "host/core/choices.h"
#include "host/device/exec.h"

namespace cutract {

// automatic: a GPU if one can be used, otherwise the CPU. A name "cuda:N" chooses GPU N.
enum class DeviceKind { automatic, cpu, cuda };
template <>
inline constexpr auto kNames<DeviceKind> = std::to_array<Named<DeviceKind>>({{DeviceKind::automatic, "auto"},
                                                                             {DeviceKind::cpu, "cpu"},
                                                                             {DeviceKind::cuda, "cuda"}});

struct ChosenExec {
  Exec ex;
  std::string why_not_gpu;  // if "auto" chose the CPU, the reason; otherwise empty
};

// Returns the executor for a device: "auto" (a GPU if one can be used), "cpu" or "cuda[:N]". A CPU has `threads`
// threads; 0: all cores. Throws Error{usage} for another name and Error{device} for a GPU that cannot be used, with
// `setting`, e.g. "--device", in the text.
ChosenExec choose_exec(const std::string& device, int threads, const std::string& setting);

}  // namespace cutract
