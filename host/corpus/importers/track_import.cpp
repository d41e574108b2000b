#include "host/corpus/importers/track_import.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <utility>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/importers/import_options.h"
#include "host/corpus/writer.h"

namespace cutract {
namespace {

// Reads the recordings one after the other. The first good one decides the channels, and the rate if the user did not.
class Converter {
 public:
  Converter(const PairSettings& settings, const TrackKind& kind)
      : settings_(settings), kind_(kind), chosen_(settings.channels) {}

  ConvertedUtterance convert(const FoundRecording& r) {
    if (!r.problem.empty()) fail(Fault::data, r.problem);
    const std::string& path = r.tracks.front();
    auto [stored, audio] = kind_.read(r, settings_.audio, chosen_);
    std::vector<std::string> channels = stored.channels;
    if (!channels_.empty() && channels != channels_)
      fail(Fault::data, path + ": its channels differ from those of " + first_);
    const double audio_s = static_cast<double>(audio.samples.size()) / audio.sample_rate;
    EvenTrack track = even_track(std::move(stored), settings_.times, rate_hz_, audio_s, path);
    if (channels_.empty()) {
      kind_.accepted();
      first_ = path;
      channels_ = std::move(channels);
      rate_hz_ = track.rate_hz;
      if (chosen_.empty()) chosen_ = channels_;
    }
    ConvertedUtterance u;
    if (track.audio_s < audio_s) u.cut_audio_ms = 1000 * (audio_s - track.audio_s);
    u.cut_track_ms = track.cut_ms;
    const auto samples = static_cast<std::size_t>(std::llround(track.audio_s * audio.sample_rate));
    audio.samples.resize(std::min(samples, audio.samples.size()));
    audio.samples = resample(audio.samples, audio.sample_rate, settings_.sample_rate);
    audio.sample_rate = settings_.sample_rate;
    u.audio = std::move(audio);
    u.track = std::move(track.values);
    u.seconds = track.audio_s;
    u.original = r.audio.empty() ? path : r.audio;
    u.gaps = track.gaps;
    u.left = track.left;
    return u;
  }

  CorpusFacts facts() const {
    CorpusFacts f{settings_.name, kind_.what + " of " + settings_.name, "", settings_.licence, settings_.sample_rate,
                  rate_hz_};
    f.how = fmt::format("audio resampled to {} Hz, articulation at {} Hz", f.sample_rate, number_text(rate_hz_));
    if (settings_.times.lowpass_hz > 0)
      f.how += fmt::format(" and low-passed (zero-phase Butterworth, order 5, {} Hz)",
                           number_text(settings_.times.lowpass_hz));
    f.how += kind_.conversion();
    for (const std::string& name : channels_) {
      const auto unit = settings_.single_units.find(name);
      f.channels.push_back({name, unit == settings_.single_units.end() ? settings_.unit : unit->second});
    }
    return f;
  }
  void note() const {
    for (const auto& [name, unit] : settings_.single_units)
      if (!channels_.empty() && std::find(channels_.begin(), channels_.end(), name) == channels_.end())
        log::warn(fmt::format("--unit: there is no channel \"{}\"", name));
  }

 private:
  const PairSettings& settings_;
  const TrackKind& kind_;
  std::vector<std::string> chosen_;
  std::vector<std::string> channels_;
  std::string first_;  // the file that decided the channels
  double rate_hz_ = 0;
};

}  // namespace

PairSettings pair_settings(const ImportRequest& request, const TrackKind& kind) {
  const GivenOptions options(request.options);
  PairSettings s;
  s.source.files = kind.files;
  s.source.folder = request.source;
  while (s.source.folder.size() > 1 && s.source.folder.back() == '/') s.source.folder.pop_back();
  if (!std::filesystem::is_directory(s.source.folder)) fail(Fault::io, s.source.folder + ": is not a folder");
  s.source.audio = options.text("--audio");
  s.source.tracks = options.text("--tracks");
  s.source.utterances = options.text("--utterances");
  s.source.speaker = options.utf8("--speaker");
  if (options.has("--split")) s.source.shares = parse_shares(options.text("--split"), "--split");
  s.source.seed = options.integer("--seed", 0, std::int64_t{1} << 53, 1);
  s.channels = options.list("--channels");
  if (options.has("--rate")) s.times.rate_hz = options.number("--rate", 1, 100000, 0);
  s.times.lowpass_hz = options.number("--lowpass", 0, 10000, 0);
  s.times.fill_gaps_ms = fill_gaps_ms_of(options);
  s.audio.channel = static_cast<int>(options.integer("--audio-channel", 0, 64, 0));
  s.sample_rate = static_cast<int>(options.integer("--sample-rate", 1000, 384000, 16000));
  const std::string folder = std::filesystem::canonical(s.source.folder).filename().string();
  s.name = options.utf8("--name", folder.empty() || !is_utf8(folder) ? kind.format : folder);
  s.licence = options.utf8("--licence", "not stated");
  return s;
}

ImportReport import_pairs(const ImportRequest& request, const PairSettings& settings, const TrackKind& kind) {
  const FoundRecordings found = find_recordings(settings.source);
  Converter converter(settings, kind);
  CorpusWriter writer(request.source, request.out, found.extra_columns);
  for (const FoundRecording& r : found.all)
    writer.add({r.id, r.speaker, r.split, r.text, r.extra}, [&] { return converter.convert(r); });
  converter.note();
  const ImportReport report = writer.finish(converter.facts(), "choose one with --audio-channel");
  if (!found.split_note.empty()) log::info(found.split_note);
  return report;
}

ImportReport import_tracks(const ImportRequest& request, const TrackKind& kind) {
  const GivenOptions options(request.options);
  PairSettings settings = pair_settings(request, kind);
  settings.times.trim_s = options.number("--trim-ms", 0, 10000, kind.trim_ms) / 1000;
  settings.times.unit_hint = "";
  settings.times.start_hint = "";
  const std::string from = options.text("--speaker-from", kind.files.names_speaker ? "name" : "folder");
  if (from != "name" && from != "folder")
    fail(Fault::usage, fmt::format("--speaker-from: is \"{}\", expected name or folder", shortened(from)));
  settings.source.files.names_speaker = from == "name";
  return import_pairs(request, settings, kind);
}

void select_channels(StoredTrack& track, const std::vector<std::string>& names, const std::string& path) {
  if (names.empty() || names == track.channels) return;
  std::vector<Index> columns;
  for (const std::string& name : names) {
    const auto at = std::find(track.channels.begin(), track.channels.end(), name);
    if (at == track.channels.end())
      fail(Fault::data, fmt::format("{}: has no channel \"{}\"; the channels are: {}", path, shortened(name),
                                    shortened(fmt::format("{}", fmt::join(track.channels, ", ")), 300)));
    columns.push_back(at - track.channels.begin());
  }
  Matrix chosen(track.values.rows, std::ssize(columns));
  for (Index t = 0; t < chosen.rows; ++t)
    for (Index c = 0; c < chosen.cols; ++c)
      chosen.row(t)[c] = track.values.row(t)[columns[static_cast<std::size_t>(c)]];
  track.values = std::move(chosen);
  track.channels = names;
}

}  // namespace cutract
