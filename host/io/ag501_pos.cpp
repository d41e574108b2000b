#include "host/io/ag501_pos.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/io/byte_reader.h"
#include "host/io/file_kind.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

constexpr std::string_view kAxes = "xyz";         // the first of the numbers of a sensor
constexpr std::size_t kNumbers = 7;               // x, y, z, phi, theta, rms, and one without a meaning
constexpr std::uint64_t kMostSensors = 256;       // of one articulograph; they have 12 to 32
constexpr double kLowest = 1, kHighest = 100000;  // Hz

class PosFile {
 public:
  PosFile(std::string_view bytes, const std::string& origin) : origin_(origin) {
    const std::size_t header = header_size(bytes);
    read_fields(bytes.substr(0, header));
    data_ = bytes.substr(header);
    if (sensors_ == 0) refuse("its header has no NumberOfChannels");
    if (rate_hz_ == 0) refuse("its header has no SamplingFrequencyHz");
    const std::size_t frame = sensors_ * kNumbers * 4;
    if (data_.empty()) refuse("holds no frames after its header");
    if (data_.size() % frame != 0)
      refuse(
          fmt::format("has {} of data, expected a multiple of {} x {} x 4 for {} of {} numbers; it is cut off or "
                      "damaged",
                      counted(std::ssize(data_), "byte"), sensors_, kNumbers,
                      counted(static_cast<std::int64_t>(sensors_), "channel"), kNumbers));
    frames_ = static_cast<Index>(data_.size() / frame);
  }

  StoredTrack track(std::vector<PosSensor> sensors, std::string_view axes) const {
    if (sensors.empty()) sensors = connected();
    StoredTrack track;
    track.rate_hz = rate_hz_;
    track.values = Matrix(frames_, std::ssize(sensors) * std::ssize(axes));
    Index column = 0;
    for (const PosSensor& s : sensors) {
      if (s.number < 1 || static_cast<std::uint64_t>(s.number) > sensors_)
        refuse(
            fmt::format("has {}, but no sensor {}", counted(static_cast<std::int64_t>(sensors_), "channel"), s.number));
      const auto sensor = static_cast<std::size_t>(s.number - 1);
      if (!is_connected(sensor))
        refuse(fmt::format("sensor {} ({}) is 0 in every frame; it was not connected", s.number, shown(s.name)));
      for (const char axis : axes) {
        track.channels.push_back(fmt::format("{}_{}", s.name, axis));
        for (Index t = 0; t < frames_; ++t) track.values.row(t)[column] = value(t, sensor, kAxes.find(axis));
        ++column;
      }
    }
    return track;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { fail(Fault::data, origin_ + ": " + why); }

  std::size_t header_size(std::string_view bytes) const {
    std::string_view rest = bytes;
    const std::string_view magic = take_line(rest);
    if (!magic.starts_with("AG50xDATA_V"))
      refuse("is not a position file of an AG500 or AG501, which begins with the line AG50xDATA_V003");
    if (magic != "AG50xDATA_V002" && magic != "AG50xDATA_V003")
      refuse(fmt::format("is a position file of version {}, expected V002 or V003", shown(magic.substr(10))));
    const std::string_view line = take_line(rest);
    const auto size = count_in(line);
    if (!size) refuse(fmt::format("the size of its header is \"{}\", expected an integer", shown(line)));
    const std::size_t read = bytes.size() - rest.size();
    if (*size < read || *size > bytes.size())
      refuse(fmt::format("the size of its header is {}, expected {} to {} in a file of {}", *size, read, bytes.size(),
                         counted(std::ssize(bytes), "byte")));
    return static_cast<std::size_t>(*size);
  }

  void read_fields(std::string_view header) {
    take_line(header);
    take_line(header);
    while (!header.empty() && header.front() != '\0') {
      const std::string_view line = take_line(header);
      const std::size_t equals = line.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view key = line.substr(0, equals), value = line.substr(equals + 1);
      if (key == "NumberOfChannels") {
        const auto n = count_in(value);
        if (!n || *n < 1 || *n > kMostSensors)
          refuse(fmt::format("NumberOfChannels is \"{}\", expected 1 to {}", shown(value), kMostSensors));
        sensors_ = static_cast<std::size_t>(*n);
      } else if (key == "SamplingFrequencyHz") {
        const auto hz = number_in(value);
        if (!hz || !(*hz >= kLowest && *hz <= kHighest))
          refuse(fmt::format("SamplingFrequencyHz is \"{}\", expected {} to {}", shown(value), kLowest, kHighest));
        rate_hz_ = *hz;
      }
    }
  }

  float value(Index frame, std::size_t sensor, std::size_t number) const {
    const std::size_t at = (static_cast<std::size_t>(frame) * sensors_ + sensor) * kNumbers + number;
    return number_at<float>(data_, at * 4, true);
  }
  bool is_connected(std::size_t sensor) const {
    for (Index t = 0; t < frames_; ++t)
      for (std::size_t axis = 0; axis < kAxes.size(); ++axis)
        if (value(t, sensor, axis) != 0) return true;
    return false;
  }
  std::vector<PosSensor> connected() const {
    std::vector<PosSensor> all;
    for (std::size_t s = 0; s < sensors_; ++s)
      if (is_connected(s)) all.push_back({static_cast<int>(s) + 1, fmt::format("s{}", s + 1)});
    if (all.empty()) refuse("is 0 in every frame; no sensor was connected");
    return all;
  }

  std::string_view data_;
  const std::string& origin_;
  std::size_t sensors_ = 0;
  double rate_hz_ = 0;
  Index frames_ = 0;
};

}  // namespace

StoredTrack parse_ag501(std::string_view bytes, const std::string& origin, const std::vector<PosSensor>& sensors,
                        std::string_view axes) {
  refuse_git_lfs_pointer(bytes, origin);
  return PosFile(bytes, origin).track(sensors, axes);
}

}  // namespace cutract
