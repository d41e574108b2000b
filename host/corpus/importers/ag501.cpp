#include "host/corpus/importers/ag501.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers/track_import.h"
#include "host/io/ag501_pos.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

std::vector<PosSensor> sensors_of(const GivenOptions& options) {
  std::vector<PosSensor> sensors;
  for (const std::string& item : options.list("--sensor")) {
    const auto equals = item.find('=');
    PosSensor sensor;
    const char* end = item.data() + std::min(equals, item.size());
    const auto [last, error] = std::from_chars(item.data(), end, sensor.number);
    if (equals == std::string::npos || equals + 1 == item.size() || error != std::errc() || last != end ||
        sensor.number < 1)
      fail(Fault::usage, fmt::format("--sensor: has \"{}\", expected NUMBER=NAME such as 5=tt", shortened(item)));
    sensor.name = item.substr(equals + 1);
    for (const PosSensor& other : sensors) {
      if (other.name == sensor.name)
        fail(Fault::usage, fmt::format("--sensor: duplicate name {}", shortened(sensor.name)));
      if (other.number == sensor.number)
        fail(Fault::usage, fmt::format("--sensor: duplicate sensor {}", sensor.number));
    }
    sensors.push_back(std::move(sensor));
  }
  return sensors;
}

}  // namespace

ImportReport import_ag501(const ImportRequest& request) {
  const GivenOptions options(request.options);
  const std::vector<PosSensor> sensors = sensors_of(options);
  const std::string axes = axes_of(options, "xz");
  TrackKind kind;
  kind.format = "ag501";
  kind.what = "articulograph sweeps";
  kind.files.what = "a position file of the same name (.pos)";
  kind.files.partner = "{}.pos";
  kind.files.endings = {".pos"};
  kind.read = [&](const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
    const std::string& path = r.tracks.front();
    TrackKind::Read read{parse_ag501(read_regular_file(path), path, sensors, axes), read_audio_file(r.audio, audio)};
    select_channels(read.track, chosen, path);
    return read;
  };
  return import_tracks(request, kind);
}

}  // namespace cutract
