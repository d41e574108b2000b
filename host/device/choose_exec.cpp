#include "host/device/choose_exec.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "host/core/error.h"

namespace cutract {
namespace {

struct NamedDevice {
  DeviceKind kind;
  int gpu = 0;
};

// Reads "cuda:1".
NamedDevice parse_device(const std::string& device, const std::string& setting) {
  const auto colon = device.find(':');
  const auto kind = named<DeviceKind>(device.substr(0, colon));
  if (kind && colon == std::string::npos) return {*kind};
  const std::string number = colon == std::string::npos ? "" : device.substr(colon + 1);
  int gpu = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), gpu);
  if (kind != DeviceKind::cuda || error != std::errc{} || end != number.data() + number.size())
    fail(Fault::usage, fmt::format("{} {}: expected auto, cpu or cuda[:N]", setting, device));
  return {*kind, gpu};
}

}  // namespace

ChosenExec choose_exec(const std::string& device, int threads, const std::string& setting) {
  const auto [kind, gpu] = parse_device(device, setting);
  std::string why;
  if (kind == DeviceKind::automatic)
    why = gpu_is_emulated() ? fmt::format("the GPU is emulated; choose it with {} cuda", setting) : why_no_gpu();
  if (const std::string none = why_no_gpu(); kind == DeviceKind::cuda && !none.empty())
    fail(Fault::device, fmt::format("{} cuda: {}; use {} cpu", setting, none, setting));
  if (kind == DeviceKind::cuda || (kind == DeviceKind::automatic && why.empty()))
    return {Exec(std::in_place_type<GpuExec>, gpu), ""};
  return {Exec(std::in_place_type<CpuExec>, threads), std::move(why)};
}

}  // namespace cutract
