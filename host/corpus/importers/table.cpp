#include "host/corpus/importers/table.h"

#include <fmt/format.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/importers/import_options.h"
#include "host/corpus/importers/table_track.h"
#include "host/corpus/importers/track_import.h"

namespace cutract {
namespace {

// "mm,jaw=deg": a unit for all channels, and units of single ones.
void read_units(const GivenOptions& options, PairSettings& settings) {
  bool named = false;
  for (const std::string& item : options.list("--unit")) {
    const auto equals = item.find('=');
    if (equals != std::string::npos && equals > 0 && equals + 1 < item.size()) {
      settings.single_units[item.substr(0, equals)] = item.substr(equals + 1);
    } else if (equals == std::string::npos && !named) {
      settings.unit = item;
      named = true;
    } else {
      fail(Fault::usage, fmt::format("--unit: has \"{}\", expected one unit and any CHANNEL=UNIT", shortened(item)));
    }
  }
}

void read_times(const GivenOptions& options, TimeRules& times) {
  const std::string unit = options.text("--time-unit", "s");
  if (unit != "s" && unit != "ms")
    fail(Fault::usage, fmt::format("--time-unit: is \"{}\", expected s or ms", shortened(unit)));
  times.scale = unit == "ms" ? 0.001 : 1;
  times.from_first = options.has("--time-from-first");
}

TrackFormat format_of(const GivenOptions& options) {
  TrackFormat format;
  format.time = options.text("--time", "time");
  format.needs_times = options.has("--time") || !options.has("--rate");
  format.array = options.text("--array");
  return format;
}

// The name of a column that grows by the same amount in every row, as a time does; "" if there is none.
std::string regular_column(const StoredTrack& table) {
  const Matrix& m = table.values;
  for (Index c = 0; c < m.cols && m.rows > 2; ++c) {
    const double step = (static_cast<double>(m.row(m.rows - 1)[c]) - m.row(0)[c]) / static_cast<double>(m.rows - 1);
    bool regular = step > 0;
    for (Index t = 0; t < m.rows && regular; ++t)
      regular = std::abs(m.row(t)[c] - m.row(0)[c] - step * static_cast<double>(t)) < 0.05 * step;
    if (regular) return table.channels[static_cast<std::size_t>(c)];
  }
  return "";
}

class TableKind {
 public:
  explicit TableKind(const GivenOptions& options) : format_(format_of(options)) {}

  TrackKind kind() {
    TrackKind k;
    k.format = "table";
    k.what = "tables";
    k.files.what = "a table of the same name (.csv, .tsv, .npy or .npz)";
    k.files.partner = "{}.csv, .tsv, .npy or .npz";
    k.files.endings = {".csv", ".tsv", ".npy", ".npz"};
    k.read = [this](const FoundRecording& r, const AudioOptions& audio, const std::vector<std::string>& chosen) {
      TrackKind::Read read{{}, read_audio_file(r.audio, audio)};
      read.track = read_table(r.tracks.front(), chosen);
      return read;
    };
    return k;
  }

 private:
  StoredTrack read_table(const std::string& path, const std::vector<std::string>& chosen) {
    format_.channels = chosen;
    StoredTrack table = read_table_track(path, format_);
    const std::string like_times = table.times.empty() && !warned_ ? regular_column(table) : "";
    if (!like_times.empty()) {
      warned_ = true;
      log::warn(
          fmt::format("{}: \"{}\" grows by the same amount from row to row and is imported as a channel; if it is "
                      "the time, name it with --time",
                      path, like_times));
    }
    return table;
  }

  TrackFormat format_;
  bool warned_ = false;
};

}  // namespace

ImportReport import_table(const ImportRequest& request) {
  const GivenOptions options(request.options);
  TableKind table(options);
  const TrackKind kind = table.kind();
  PairSettings settings = pair_settings(request, kind);
  read_times(options, settings.times);
  read_units(options, settings);
  return import_pairs(request, settings, kind);
}

}  // namespace cutract
