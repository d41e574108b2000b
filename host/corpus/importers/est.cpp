#include "host/corpus/importers/est.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/core/log.h"
#include "host/corpus/importers/length_unit.h"
#include "host/corpus/importers/track_import.h"
#include "host/io/est_track.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

// Positions of sensors are a few centimetres from the origin, whatever the unit. MNGU0 stores them in cm, MOCHA-TIMIT
// in 1/1000 cm.
const LengthUnit& unit_by_size(const Matrix& m) {
  constexpr double kMost_cm = 16, kMost_mm = 1000;
  std::vector<double> largest(static_cast<std::size_t>(m.cols));
  for (Index t = 0; t < m.rows; ++t)
    for (Index c = 0; c < m.cols; ++c)
      if (const double v = std::abs(m.row(t)[c]); std::isfinite(v))
        largest[static_cast<std::size_t>(c)] = std::max(largest[static_cast<std::size_t>(c)], v);
  const auto middle = largest.begin() + std::ssize(largest) / 2;
  std::nth_element(largest.begin(), middle, largest.end());
  return length_unit(*middle <= kMost_cm ? "cm" : *middle <= kMost_mm ? "mm" : "0.01mm");
}

// The positions, where a file also has angles and other values; empty where names do not say which these are.
std::vector<std::string> positions(const std::vector<std::string>& channels) {
  std::vector<std::string> chosen;
  for (const std::string& name : channels)
    if (name.ends_with("_px") || name.ends_with("_py") || name.ends_with("_pz")) chosen.push_back(name);
  return chosen;
}

class EstReader {
 public:
  explicit EstReader(const std::string& unit) {
    if (!unit.empty()) unit_ = &length_unit(unit);
  }

  TrackKind::Read read(const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
    path_ = r.tracks.front();
    TrackKind::Read read{parse_est_track(read_regular_file(path_), path_), read_audio_file(r.audio, audio)};
    select_channels(read.track, chosen.empty() ? positions(read.track.channels) : chosen, path_);
    guess_ = unit_ == nullptr ? &unit_by_size(read.track.values) : unit_;
    for (float& v : read.track.values.values) v = static_cast<float>(v * guess_->mm);
    return read;
  }
  // The first recording that can be imported decides the unit of all.
  void accept() {
    if (unit_ == nullptr)
      log::info(fmt::format("{}: its values seem to be in {}; set --unit if they are not", path_, guess_->name));
    unit_ = guess_;
  }
  std::string conversion() const {
    return unit_ == nullptr ? "" : fmt::format(", converted from {} to mm", unit_->name);
  }

 private:
  std::string path_;  // of the last recording
  const LengthUnit* guess_ = nullptr;
  const LengthUnit* unit_ = nullptr;
};

}  // namespace

ImportReport import_est(const ImportRequest& request) {
  EstReader reader(GivenOptions(request.options).text("--unit"));
  TrackKind kind;
  kind.format = "est";
  kind.what = "EST tracks";
  kind.files.what = "an EST track of the same name (.ema)";
  kind.files.partner = "{}.ema";
  kind.files.endings = {".ema", ".est", ".track"};
  kind.files.names_speaker = true;
  kind.files.sentence = after_speaker;
  kind.read = [&](const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
    return reader.read(r, audio, chosen);
  };
  kind.accepted = [&] { reader.accept(); };
  kind.conversion = [&] { return reader.conversion(); };
  return import_tracks(request, kind);
}

}  // namespace cutract
