#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/corpus/splits.h"

namespace cutract {

// What the user said about a folder of audio files and tables.
struct TableSource {
  std::string folder;
  std::string audio, tracks;  // folders of the two kinds of files, relative to `folder` or absolute; "": `folder`
  std::string utterances;     // a table of utterances; "": utterances.csv or .tsv of `folder`, if there is one
  std::string speaker;        // of all recordings; "": from the table of utterances, otherwise from the folders
  std::vector<Share> shares;  // empty: from the table of utterances, otherwise the default
  std::int64_t seed = 1;
};

struct TableRecording {
  std::string id, speaker, split, text;
  std::vector<std::string> extra;
  std::string audio, track;  // paths
  std::string problem;       // why it cannot be imported, or ""
};

struct TableRecordings {
  std::vector<TableRecording> all;         // sorted by id
  std::vector<std::string> extra_columns;  // of the table of utterances
  std::string split_note;                  // how splits were made, "" if the table of utterances says them
};

// Finds pairs of an audio file and a .csv, .tsv, .npy or .npz file with the same name and folder. The id is the path
// without its ending, with _ for /. Throws Error{data} if there is no pair or the table of utterances is wrong, and
// Error{usage} if options contradict that table.
TableRecordings find_table_recordings(const TableSource&);

}  // namespace cutract
