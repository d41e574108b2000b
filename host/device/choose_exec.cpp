#include "host/device/choose_exec.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "host/core/error.h"

namespace cutract {
namespace {

int gpu_number(const std::string& device, const std::string& setting) {
  if (!device.starts_with("cuda:")) return 0;
  int n = 0;
  const char *first = device.data() + 5, *last = device.data() + device.size();
  if (const auto [end, error] = std::from_chars(first, last, n); error != std::errc{} || end != last)
    fail(Fault::usage, fmt::format("{} {}: expected auto, cpu or cuda[:N]", setting, device));
  return n;
}

}  // namespace

ChosenExec choose_exec(const std::string& device, int threads, const std::string& setting) {
  const bool cuda = device == "cuda" || device.starts_with("cuda:");
  if (device != "auto" && device != "cpu" && !cuda)
    fail(Fault::usage, fmt::format("{} {}: expected auto, cpu or cuda[:N]", setting, device));
  std::string why =
      gpu_is_emulated() && !cuda ? "the GPU is emulated; choose it with " + setting + " cuda" : why_no_gpu();
  if (cuda && !why.empty()) fail(Fault::device, fmt::format("{} cuda: {}; use {} cpu", setting, why, setting));
  if (cuda || (device == "auto" && why.empty()))
    return {Exec(std::in_place_type<GpuExec>, gpu_number(device, setting)), ""};
  return {Exec(std::in_place_type<CpuExec>, threads), std::move(why)};
}

}  // namespace cutract
