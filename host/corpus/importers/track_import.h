#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "host/corpus/importers.h"
#include "host/corpus/importers/even_track.h"
#include "host/corpus/importers/recordings.h"
#include "host/io/audio.h"
#include "host/io/stored_track.h"

namespace cutract {

// What a format that pairs audio with movement leaves to its importer.
struct TrackKind {
  std::string format;  // "est"
  std::string what;    // "EST tracks": what the corpus is made of
  TrackFiles files;
  double trim_ms = 500;  // default of --trim-ms
  struct Read {
    StoredTrack track;  // in the units of the corpus
    Audio audio;
  };
  // Reads one recording. `chosen` are the channels of the corpus: those of --channels, or those of the first recording
  // that could be imported; empty before that.
  std::function<Read(const FoundRecording&, const AudioOptions&, const std::vector<std::string>& chosen)> read;
  // Called when the first recording was read that can be imported.
  std::function<void()> accepted = [] {};
  // Says which conversion `read` did, for the corpus's provenance: ", converted from cm to mm".
  std::function<std::string()> conversion = [] { return std::string(); };
};

// Imports a folder of recordings. Options are those of kPairOptions and kTrackOptions.
ImportReport import_tracks(const ImportRequest&, const TrackKind&);

// The parts of import_tracks, for an importer with options of its own.
struct PairSettings {
  RecordingSource source;
  TimeRules times;
  AudioOptions audio;
  int sample_rate = 16000;
  std::string name, licence;
  std::vector<std::string> channels;  // of --channels
  std::string unit = "mm";
  std::map<std::string, std::string> single_units = {};  // of channels with another unit
};
PairSettings pair_settings(const ImportRequest&, const TrackKind&);  // options of kPairOptions
ImportReport import_pairs(const ImportRequest&, const PairSettings&, const TrackKind&);

// Keeps the named channels, in this order; all of them if there are no names. Throws Error{data}, with the channels
// that there are, if one is missing.
void select_channels(StoredTrack&, const std::vector<std::string>& names, const std::string& path);

}  // namespace cutract
