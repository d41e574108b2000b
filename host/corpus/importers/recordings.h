#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "host/corpus/splits.h"

namespace cutract {

// What files of movement a format has, and what their names say.
struct TrackFiles {
  std::string what;                  // "a table of the same name (.csv, .tsv, .npy or .npz)", for messages
  std::string partner;               // "{}.csv, .tsv, .npy or .npz", where {} is the name of a recording
  std::vector<std::string> endings;  // in lower case: ".csv"
  std::function<bool(const std::string& path)> is_one = {};  // for a format without endings of its own
  bool several = false;        // a recording may have several files, each with some of its channels
  bool holds_audio = false;    // audio is inside these files
  bool names_speaker = false;  // by default, the speaker is the file's name up to its first _
  // Returns what is said in a recording, by the file's name without folder and ending. Recordings of the same sentence
  // are put in one split. Empty: names say nothing about that.
  std::function<std::string(const std::string& name)> sentence = {};
};

// What the user said about a folder of recordings.
struct RecordingSource {
  std::string folder;
  std::string audio, tracks;  // folders of the two kinds of files, relative to `folder` or absolute; "": `folder`;
                              // audio may also be a Kaldi wav.scp, which has utt2spk and text beside it
  std::string utterances;     // a table of utterances; "": utterances.csv or .tsv of `folder`, if there is one
  std::string speaker;        // of all recordings; "": from the table of utterances, otherwise from the files
  std::vector<Share> shares;  // empty: from the table of utterances, otherwise the default
  std::int64_t seed = 1;
  TrackFiles files;
};

struct FoundRecording {
  std::string id, speaker, split, text;
  std::vector<std::string> extra;
  std::string audio;                // path; "" if it is inside the track
  std::vector<std::string> tracks;  // paths
  std::string problem;              // why it cannot be imported, or ""
};

struct FoundRecordings {
  std::vector<FoundRecording> all;         // sorted by id
  std::vector<std::string> extra_columns;  // of the table of utterances
  std::string split_note;                  // how splits were made, "" if the table of utterances says them
};

// Finds pairs of an audio file and a file of movement with the same name and folder. The id is the path without its
// ending, with _ for /. Throws Error{data} if there is no pair or the table of utterances is wrong, and Error{usage} if
// options contradict that table.
FoundRecordings find_recordings(const RecordingSource&);

// "001" of "fsew0_001": what follows the speaker in the name of a recording.
std::string after_speaker(const std::string& name);

// Whether a path has one of these endings, which are in lower case, whatever the case of the path.
bool has_ending(const std::string& path, const std::vector<std::string>& endings);

}  // namespace cutract
