#pragma once

#include <map>
#include <span>
#include <string>

#include "host/corpus/gaps.h"

// The formats that `cutract corpus import` reads. Help, errors and completions read this table; docs/add-an-importer.md
// says what a new row needs.
namespace cutract {

struct ImportReport {
  int done = 0, skipped = 0;
  double seconds = 0;                // of audio
  GapCount gaps = {}, left = {};     // of missing values: filled, and too long to be filled
  int with_gaps = 0, with_left = 0;  // utterances that had such gaps
  // Utterances in which the end of the track or of the audio was cut off, and the most that was.
  int cut_tracks = 0, cut_audio = 0;
  double cut_track_ms = 0, cut_audio_ms = 0;
};

struct ImportRequest {
  std::string source, out;
  std::map<std::string, std::string> options = {};  // those that were given: "--rate" -> "200"
};

// An option that one format takes in addition to --out.
struct ImportOption {
  const char* name;         // "--rate"
  const char* value;        // its placeholder in the help, "HZ"; "" for an option without a value
  const char* help;         // starts with a noun and gives the unit and the default
  bool repeatable = false;  // values of repeated options are joined by commas
};

struct Importer {
  const char* name;     // "table"
  const char* what;     // one line for the list of formats
  const char* source;   // what SRC is
  const char* page;     // its documentation, below docs/
  const char* example;  // a command
  std::span<const ImportOption> options;
  // Makes a corpus folder at `out`. An utterance whose files are missing or bad is skipped with a warning. An earlier
  // import's corpus at `out` is replaced in one step when the new one is complete, and a failed import leaves it;
  // without one, a failed import leaves a folder that is not a corpus and that the next import may take over. A folder
  // that holds anything else is refused with Error{io}.
  ImportReport (*run)(const ImportRequest&);
};

std::span<const Importer> importers();

// Throws Error{usage}, with the known formats, if there is no such format.
const Importer& importer_named(const std::string& name);

}  // namespace cutract
