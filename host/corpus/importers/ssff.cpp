#include "host/corpus/importers/ssff.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/importers/length_unit.h"
#include "host/corpus/importers/track_import.h"
#include "host/io/input_file.h"
#include "host/io/ssff.h"

namespace cutract {
namespace {

bool begins_as_ssff(const std::string& path) {
  std::string start(kSsffMagic.size(), '\0');
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::ifstream in(path, std::ios::binary);
  return in.read(start.data(), std::ssize(start)) && start == kSsffMagic;
}

// Puts the columns of `more` after those of `track`.
void append(StoredTrack& track, const StoredTrack& more, const std::string& path, const std::string& first) {
  const auto refuse = [&](const std::string& why) { fail(Fault::data, path + ": " + why); };
  for (const std::string& name : more.channels)
    if (std::find(track.channels.begin(), track.channels.end(), name) != track.channels.end())
      refuse(fmt::format("column \"{}\" is also in {}; choose the files with --endings", shortened(name), first));
  if (more.rate_hz != track.rate_hz || more.first_s != track.first_s || more.values.rows != track.values.rows)
    refuse(fmt::format("has {} at {} Hz from {} s, {} has {} at {} Hz from {} s; expected the same",
                       counted(more.values.rows, "record"), number_text(more.rate_hz), number_text(more.first_s), first,
                       counted(track.values.rows, "record"), number_text(track.rate_hz), number_text(track.first_s)));
  Matrix both(track.values.rows, track.values.cols + more.values.cols);
  for (Index t = 0; t < both.rows; ++t) {
    float* to = std::copy_n(track.values.row(t), track.values.cols, both.row(t));
    std::copy_n(more.values.row(t), more.values.cols, to);
  }
  track.values = std::move(both);
  track.channels.insert(track.channels.end(), more.channels.begin(), more.channels.end());
}

// The positions, where files also have angles and errors; empty where names do not say which these are.
std::vector<std::string> positions(const std::vector<std::string>& channels) {
  std::vector<std::string> chosen;
  for (const std::string& name : channels)
    if (name.ends_with("_posx") || name.ends_with("_posy") || name.ends_with("_posz")) chosen.push_back(name);
  return chosen;
}

}  // namespace

ImportReport import_ssff(const ImportRequest& request) {
  const GivenOptions options(request.options);
  const LengthUnit& unit = length_unit(options.text("--unit", "mm"));
  TrackKind kind;
  kind.format = "ssff";
  kind.what = "SSFF tracks";
  kind.files.what = "SSFF tracks of the same name";
  kind.files.partner = "{}.* in SSFF format";
  kind.files.several = true;
  for (const std::string& ending : options.list("--endings"))
    kind.files.endings.push_back(lowercase(ending.starts_with('.') ? ending : "." + ending));
  if (kind.files.endings.empty()) kind.files.is_one = begins_as_ssff;
  kind.read = [&](const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
    const std::string& first = r.tracks.front();
    TrackKind::Read read{parse_ssff(read_regular_file(first), first), read_audio_file(r.audio, audio)};
    for (std::size_t i = 1; i < r.tracks.size(); ++i) {
      const std::string& path = r.tracks[i];
      append(read.track, parse_ssff(read_regular_file(path), path), path, first);
    }
    select_channels(read.track, chosen.empty() ? positions(read.track.channels) : chosen, first);
    for (float& v : read.track.values.values) v = static_cast<float>(v * unit.mm);
    return read;
  };
  kind.conversion = [&] { return unit.mm == 1 ? std::string() : fmt::format(", converted from {} to mm", unit.name); };
  return import_tracks(request, kind);
}

}  // namespace cutract
