#include "host/corpus/importers/mview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers/track_import.h"
#include "host/io/input_file.h"
#include "host/io/mview.h"

namespace cutract {
namespace {

// Samples are floats, of which some may be clipped a little beyond 1, or 16-bit integers.
Audio audio_of(MviewSignal signal, const std::string& path) {
  constexpr float kFull = 32768, kMostFloat = 2;
  const auto refuse = [&](const std::string& why) { fail(Fault::data, path + ": AUDIO " + why); };
  const double rate = signal.rate_hz;
  if (rate != std::floor(rate) || rate < 1000 || rate > 768000)
    refuse(fmt::format("has {} samples per second, expected an integer from 1000 to 768000", number_text(rate)));
  if (signal.values.rows != 1 && signal.values.cols != 1)
    refuse(fmt::format("is a matrix of {} x {}, expected one channel", signal.values.rows, signal.values.cols));
  float most = 0;
  for (const float v : signal.values.values) {
    if (!std::isfinite(v)) refuse("holds a sample that is not finite");
    most = std::max(most, std::abs(v));
  }
  if (most > kFull) refuse(fmt::format("has samples up to {}, expected -1 to 1 or 16-bit integers", most));
  Audio audio{static_cast<int>(rate), std::move(signal.values.values)};
  if (most > kMostFloat)
    for (float& v : audio.samples) v /= kFull;
  return audio;
}

// Adds the coordinates `axes` of a sensor, "": the midsagittal ones.
void add_sensor(StoredTrack& track, std::vector<std::vector<float>>& columns, const MviewSignal& s,
                const std::string& axes, const std::string& path) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, fmt::format("{}: {} {}", path, s.name, why)); };
  const std::string has = s.values.cols >= 3 ? "xyz" : "xy";
  const std::string wanted = !axes.empty() ? axes : has == "xyz" ? "xz" : "xy";
  if (track.rate_hz == 0) {
    track.rate_hz = s.rate_hz;
    track.values.rows = s.values.rows;
  }
  if (s.rate_hz != track.rate_hz || s.values.rows != track.values.rows)
    refuse(fmt::format("has {} at {} Hz, the sensors before it {} at {} Hz; expected the same",
                       counted(s.values.rows, "frame"), number_text(s.rate_hz), counted(track.values.rows, "frame"),
                       number_text(track.rate_hz)));
  for (const char axis : wanted) {
    const auto column = static_cast<Index>(has.find(axis));
    if (has.find(axis) == std::string::npos)
      refuse(fmt::format("has two columns and no {}; choose coordinates with --axes", axis));
    track.channels.push_back(fmt::format("{}_{}", s.name, axis));
    columns.emplace_back();
    for (Index t = 0; t < s.values.rows; ++t) columns.back().push_back(s.values.row(t)[column]);
  }
}

TrackKind::Read read_mview(const std::string& path, const std::string& axes) {
  TrackKind::Read read;
  std::vector<std::vector<float>> columns;
  for (MviewSignal& s : parse_mview(read_regular_file(path), path)) {
    if (s.name == "AUDIO") {
      if (!read.audio.samples.empty()) fail(Fault::data, path + ": duplicate signal AUDIO");
      read.audio = audio_of(std::move(s), path);
    } else if (s.values.cols >= 2) {
      add_sensor(read.track, columns, s, axes, path);
    }
  }
  if (read.audio.samples.empty()) fail(Fault::data, path + ": has no signal AUDIO");
  if (columns.empty()) fail(Fault::data, path + ": has no sensor, which is a signal of 2 columns or more");
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (std::count(read.track.channels.begin(), read.track.channels.end(), read.track.channels[c]) > 1)
      fail(Fault::data, fmt::format("{}: duplicate channel {}", path, read.track.channels[c]));
  Matrix values(read.track.values.rows, std::ssize(columns));
  for (Index t = 0; t < values.rows; ++t)
    for (Index c = 0; c < values.cols; ++c)
      values.row(t)[c] = columns[static_cast<std::size_t>(c)][static_cast<std::size_t>(t)];
  read.track.values = std::move(values);
  return read;
}

// "B01_S01" of "F01_B01_S01_R01_N", where block and sentence are followed by repetition and rate; otherwise all that
// follows the speaker.
std::string sentence_of(const std::string& name) {
  const std::string rest = after_speaker(name);
  const auto block_end = rest.find('_');
  const bool haskins =
      rest.starts_with('B') && block_end != std::string::npos && rest.substr(block_end).starts_with("_S");
  return haskins ? rest.substr(0, rest.find('_', block_end + 1)) : rest;
}

}  // namespace

ImportReport import_mview(const ImportRequest& request) {
  const std::string axes = axes_of(GivenOptions(request.options), "");
  TrackKind kind;
  kind.format = "mview";
  kind.what = "MVIEW files";
  kind.files.what = "MATLAB file (.mat)";
  kind.files.partner = "{}.mat";
  kind.files.endings = {".mat"};
  kind.files.holds_audio = true;
  kind.files.names_speaker = true;
  kind.files.sentence = sentence_of;
  kind.read = [&](const FoundRecording& r, const AudioOptions&, const std::vector<std::string>& chosen) {
    TrackKind::Read read = read_mview(r.tracks.front(), axes);
    select_channels(read.track, chosen, r.tracks.front());
    return read;
  };
  return import_tracks(request, kind);
}

}  // namespace cutract
