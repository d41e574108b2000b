#include "host/corpus/importers/xrmb.h"

#include <string>
#include <utility>
#include <vector>

#include "host/corpus/importers/track_import.h"
#include "host/io/ema_text.h"
#include "host/io/est_track.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

StoredTrack read_xrmb(const std::string& path) { return parse_xrmb(read_regular_file(path), path); }

StoredTrack read_mocha(const std::string& path) {
  constexpr float kMillimetres = 0.01F;  // per 1/1000 cm
  const std::string bytes = read_regular_file(path);
  if (!bytes.starts_with("EST_File")) return parse_mocha_text(bytes, path);
  StoredTrack track = parse_est_track(bytes, path);
  for (float& v : track.values.values) v *= kMillimetres;
  for (std::string& name : track.channels) {  // as the tables call them
    if (name == "unused_13") name = "unused_x";
    if (name == "unused_18") name = "unused_y";
  }
  return track;
}

auto reading(StoredTrack (*read_track)(const std::string& path)) {
  return [=](const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
    TrackKind::Read read{read_track(r.tracks.front()), read_audio_file(r.audio, audio)};
    select_channels(read.track, chosen, r.tracks.front());
    return read;
  };
}

}  // namespace

ImportReport import_xrmb(const ImportRequest& request) {
  TrackKind kind;
  kind.format = "xrmb";
  kind.what = "X-ray microbeam tracks";
  kind.files.what = "an X-ray microbeam track of the same name (.txy)";
  kind.files.partner = "{}.txy";
  kind.files.endings = {".txy"};
  kind.files.sentence = [](const std::string& name) { return name; };  // speakers have folders, and tasks names
  kind.read = reading(read_xrmb);
  kind.conversion = [] { return std::string(", converted from um to mm"); };
  return import_tracks(request, kind);
}

ImportReport import_mocha(const ImportRequest& request) {
  TrackKind kind;
  kind.format = "mocha";
  kind.what = "EMA tracks";
  kind.files.what = "an EMA track of the same name (.ema)";
  kind.files.partner = "{}.ema";
  kind.files.endings = {".ema"};
  kind.files.names_speaker = true;
  kind.files.sentence = after_speaker;
  kind.read = reading(read_mocha);
  kind.conversion = [] { return std::string(", converted from 1/1000 cm to mm"); };
  return import_tracks(request, kind);
}

}  // namespace cutract
