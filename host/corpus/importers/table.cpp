#include "host/corpus/importers/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/importers/table_source.h"
#include "host/corpus/importers/table_track.h"
#include "host/corpus/writer.h"

namespace cutract {
namespace {

// Reads options as text, numbers and lists. Throws Error{usage} for a value that is not one.
class Options {
 public:
  explicit Options(const std::map<std::string, std::string>& given) : given_(given) {}

  bool has(const char* name) const { return given_.contains(name); }
  std::string text(const char* name, const std::string& otherwise = "") const {
    const auto at = given_.find(name);
    if (at == given_.end()) return otherwise;
    if (at->second.empty()) fail(Fault::usage, fmt::format("{}: is empty", name));
    return at->second;
  }
  // Text that goes into the corpus.
  std::string utf8(const char* name, const std::string& otherwise = "") const {
    std::string t = text(name, otherwise);
    if (!is_utf8(t)) fail(Fault::usage, fmt::format("{}: is not UTF-8", name));
    return t;
  }
  double number(const char* name, double lo, double hi, double otherwise) const {
    return parsed<double>(name, lo, hi, otherwise, "a number");
  }
  std::int64_t integer(const char* name, std::int64_t lo, std::int64_t hi, std::int64_t otherwise) const {
    return parsed<std::int64_t>(name, lo, hi, otherwise, "an integer");
  }
  std::vector<std::string> list(const char* name) const {
    std::vector<std::string> words;
    if (!has(name)) return words;
    const std::string all = utf8(name);
    for (std::size_t at = 0; at <= all.size();) {
      const std::size_t end = std::min(all.find(',', at), all.size());
      words.push_back(all.substr(at, end - at));
      at = end + 1;
      if (words.back().empty())
        fail(Fault::usage, fmt::format("{}: is \"{}\", expected names with commas between them", name, shortened(all)));
      if (std::count(words.begin(), words.end(), words.back()) > 1)
        fail(Fault::usage, fmt::format("{}: names {} twice", name, shortened(words.back())));
    }
    return words;
  }

 private:
  template <class T>
  T parsed(const char* name, T lo, T hi, T otherwise, const char* kind) const {
    const auto at = given_.find(name);
    if (at == given_.end()) return otherwise;
    T v{};
    const char* last = at->second.data() + at->second.size();
    const auto [end, error] = std::from_chars(at->second.data(), last, v);
    if (error != std::errc() || end != last || !(v >= lo && v <= hi))
      fail(Fault::usage,
           fmt::format("{}: is \"{}\", expected {} from {} to {}", name, shortened(at->second), kind, lo, hi));
    return v;
  }

  const std::map<std::string, std::string>& given_;
};

// "mm,jaw=deg": a unit for all channels, and units of single ones.
struct Units {
  std::string all = "mm";
  std::map<std::string, std::string> single;
};

Units units_of(const Options& options) {
  Units units;
  bool named = false;
  for (const std::string& item : options.list("--unit")) {
    const auto equals = item.find('=');
    if (equals != std::string::npos && equals > 0 && equals + 1 < item.size()) {
      units.single[item.substr(0, equals)] = item.substr(equals + 1);
    } else if (equals == std::string::npos && !named) {
      units.all = item;
      named = true;
    } else {
      fail(Fault::usage, fmt::format("--unit: has \"{}\", expected one unit and any CHANNEL=UNIT", shortened(item)));
    }
  }
  return units;
}

struct Settings {
  TableSource source;
  TrackFormat format;
  TimeRules times;
  Units units;
  AudioOptions audio;
  int sample_rate = 16000;
  std::string name, licence;
};

Settings settings_of(const ImportRequest& request) {
  const Options options(request.options);
  Settings s;
  s.source.folder = request.source;
  while (s.source.folder.size() > 1 && s.source.folder.back() == '/') s.source.folder.pop_back();
  if (!std::filesystem::is_directory(s.source.folder)) fail(Fault::io, s.source.folder + ": is not a folder");
  s.source.audio = options.text("--audio");
  s.source.tracks = options.text("--tracks");
  s.source.utterances = options.text("--utterances");
  s.source.speaker = options.utf8("--speaker");
  if (options.has("--split")) s.source.shares = parse_shares(options.text("--split"), "--split");
  s.source.seed = options.integer("--seed", 0, std::int64_t{1} << 53, 1);
  s.format.time = options.text("--time", "time");
  s.format.needs_times = options.has("--time") || !options.has("--rate");
  s.format.channels = options.list("--channels");
  s.format.array = options.text("--array");
  const std::string unit = options.text("--time-unit", "s");
  if (unit != "s" && unit != "ms")
    fail(Fault::usage, fmt::format("--time-unit: is \"{}\", expected s or ms", shortened(unit)));
  s.times.scale = unit == "ms" ? 0.001 : 1;
  s.times.from_first = options.has("--time-from-first");
  if (options.has("--rate")) s.times.rate_hz = options.number("--rate", 1, 100000, 0);
  s.times.lowpass_hz = options.number("--lowpass", 0, 10000, 0);
  s.units = units_of(options);
  s.audio.channel = static_cast<int>(options.integer("--audio-channel", 0, 64, 0));
  s.sample_rate = static_cast<int>(options.integer("--sample-rate", 1000, 384000, 16000));
  const std::string folder = std::filesystem::canonical(s.source.folder).filename().string();
  s.name = options.utf8("--name", folder.empty() || !is_utf8(folder) ? "table" : folder);
  s.licence = options.utf8("--licence", "not stated");
  return s;
}

// Reads the recordings one after the other. The first good one decides the channels, and the rate if the user did not.
class Converter {
 public:
  explicit Converter(const Settings& settings) : settings_(settings), format_(settings.format) {}

  ConvertedUtterance convert(const TableRecording& r) {
    if (!r.problem.empty()) fail(Fault::data, r.problem);
    Audio audio = read_audio_file(r.audio, settings_.audio);
    const double audio_s = static_cast<double>(audio.samples.size()) / audio.sample_rate;
    TableTrack table = read_table_track(r.track, format_);
    std::vector<std::string> channels = table.channels;
    if (!channels_.empty() && channels != channels_) fail(Fault::data, r.track + ": has other channels than " + first_);
    const std::string like_times = table.times.empty() ? regular_column(table) : "";
    EvenTrack track = even_track(std::move(table), settings_.times, rate_hz_, audio_s, r.track);
    if (track.shortened) ++shortened_;
    if (channels_.empty()) {
      if (!like_times.empty())
        log::warn(
            fmt::format("{}: \"{}\" grows by the same amount from row to row and is imported as a channel; if it is "
                        "the time, name it with --time",
                        r.track, like_times));
      first_ = r.track;
      channels_ = std::move(channels);
      rate_hz_ = track.rate_hz;
      if (format_.channels.empty()) format_.channels = channels_;
    }
    audio.samples = resample(audio.samples, audio.sample_rate, settings_.sample_rate);
    audio.sample_rate = settings_.sample_rate;
    return {std::move(audio), std::move(track.values), audio_s, r.audio};
  }

  CorpusFacts facts() const {
    CorpusFacts f{settings_.name,    "tables of " + settings_.name, "",
                  settings_.licence, settings_.sample_rate,         rate_hz_};
    f.how = fmt::format("audio resampled to {} Hz, articulation at {} Hz", f.sample_rate, number_text(rate_hz_));
    if (settings_.times.lowpass_hz > 0)
      f.how += fmt::format(" and low-passed (zero-phase Butterworth, order 5, {} Hz)",
                           number_text(settings_.times.lowpass_hz));
    for (const std::string& name : channels_) {
      const auto unit = settings_.units.single.find(name);
      f.channels.push_back({name, unit == settings_.units.single.end() ? settings_.units.all : unit->second});
    }
    return f;
  }
  // Notes for the user, once for all recordings.
  void note() const {
    if (shortened_ > 0)
      log::warn(fmt::format("rows after the end of the audio were left out of {}", counted(shortened_, "table")));
    for (const auto& [name, unit] : settings_.units.single)
      if (!channels_.empty() && std::find(channels_.begin(), channels_.end(), name) == channels_.end())
        log::warn(fmt::format("--unit: there is no channel \"{}\"", name));
  }

 private:
  // The name of a column that grows by the same amount in every row, as a time does; "" if there is none.
  static std::string regular_column(const TableTrack& table) {
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

  const Settings& settings_;
  TrackFormat format_;
  std::vector<std::string> channels_;
  std::string first_;  // the table that decided the channels
  double rate_hz_ = 0;
  int shortened_ = 0;
};

}  // namespace

ImportReport import_table(const ImportRequest& request) {
  const Settings settings = settings_of(request);
  const TableRecordings found = find_table_recordings(settings.source);
  Converter converter(settings);
  CorpusWriter writer(request.source, request.out, found.extra_columns);
  for (const TableRecording& r : found.all)
    writer.add({r.id, r.speaker, r.split, r.text, r.extra}, [&] { return converter.convert(r); });
  converter.note();
  const ImportReport report = writer.finish(converter.facts(), "choose one with --audio-channel");
  if (!found.split_note.empty()) log::info(found.split_note);
  return report;
}

}  // namespace cutract
