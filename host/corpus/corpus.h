#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "host/core/view.h"
#include "host/corpus/gaps.h"
#include "host/io/audio.h"

namespace cutract {

struct Channel {
  std::string name, unit;  // "tt_x", "mm"
};

struct Utterance {
  std::string id, speaker, split;
  std::string audio, articulation;  // paths, relative to the corpus folder or absolute
  double start_s = 0, end_s = -1;   // the part of the audio and track to use; -1: to the end
  std::string text, features;       // optional; features: an array that another program computed, of the whole audio
  int line = 0;                     // number in manifest.tsv
  std::vector<std::pair<std::string, std::string>>
      extra;  // non-empty columns that the user added, such as emotion and session
};

// A corpus on disk: corpus.toml and manifest.tsv of one folder (docs/add-a-corpus.md has the format).
struct Corpus {
  std::string dir, name, provenance, licence;
  std::vector<Channel> channels;
  int sample_rate = 0;                // Hz, any rate, the same for every audio file
  double articulation_rate_hz = 0;    // sample k of a track is at k / rate seconds; audio starts at 0 too
  std::vector<Utterance> utterances;  // in manifest order
  std::string hash;                   // SHA-256 of corpus.toml and manifest.tsv
  AudioOptions audio = {};            // how its audio is read: a setting of the run, not of the corpus
  double fill_gaps_ms = 0;            // the longest gap of a track that is filled when it is read: also of the run
  // Of the arrays in the manifest's column features: rows per second (0: not given), and time of the first row.
  double features_rate_hz = 0, features_first_s = 0;

  std::vector<const Utterance*> split(
      const std::string& name) const;  // Error{data} listing the existing splits if none match
  std::set<std::string> splits() const;
};

// Reads and checks the two text files. All problems are found in one pass and thrown as one Error{data} (Error{io} if a
// file is missing), each as file:line: what. They include missing columns, duplicate ids, an id in two splits, and
// empty fields.
Corpus read_corpus(const std::string& dir, const AudioOptions& audio = {});

// Articulation over time.
struct Track {
  double rate_hz = 0, first_s = 0;  // time of the first sample
  Matrix values;                    // [T, P] in the channels' units; NaN: not measured (host/core/missing.h)
};

// One utterance's data as the manifest describes it, cut to start_s..end_s. Loading throws Error{data} naming file and
// reason: empty audio, a sample rate other than the corpus's, an infinite value (with its frame and channel; NaN marks
// a value that was not measured), a wrong number of channels, or lengths of audio and track that differ by more than
// one articulation frame and 20 ms.
struct Recording {
  std::vector<float> samples;  // at corpus.sample_rate
  Track track;
  std::vector<std::string> notes = {};  // about the audio file, see Audio
  GapCount filled = {};                 // gaps in the file of the track that were filled
};
Recording read_recording(const Corpus&, const Utterance&);

// Returns the number of columns of the array that an utterance's column features names.
Index features_columns(const Corpus&, const Utterance&);
// Returns the features of an utterance that another program computed: the array in its column features, whose times
// start with the utterance, which lasts `seconds`. Throws Error{data} if there is none, its rate is not known, it has
// other than `columns` columns (0: any number), holds a value that is not finite, or lasts longer or shorter than the
// audio by more than two of its rows and 20 ms.
Track read_states(const Corpus&, const Utterance&, double seconds, Index columns);

// Throws Error{data} if an array for audio of `seconds` ends more than two of its rows and 20 ms before it, or, if it
// is for the `whole` file, after it.
void expect_as_long(const Track& states, double seconds, bool whole, const std::string& path);

// Reads utterances of a corpus from any number of threads. A file shared by several utterances (start_s, end_s) is
// decoded once while it is among the files used last. The number of these is one more than that of threads, so memory
// is bounded; visit utterances in the order of by_recording(). The result is that of read_recording.
class RecordingReader {
 public:
  RecordingReader(const Corpus&, int threads);
  ~RecordingReader();
  Recording read(const Utterance&);
  const Corpus& corpus() const { return corpus_; }

 private:
  struct Whole;
  struct Slot;
  static std::shared_ptr<const Whole> load(const Corpus&, const Utterance&);
  static Recording cut(const Corpus&, const Utterance&, const Whole&);
  std::shared_ptr<Slot> slot_of(const Utterance&);
  friend Recording read_recording(const Corpus&, const Utterance&);

  const Corpus& corpus_;
  std::size_t most_;
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<Slot>>> recent_;  // the most recently used is first
};

// Returns the utterances' indices with those of one recording adjacent; recordings are in order of first appearance.
std::vector<std::size_t> by_recording(std::span<const Utterance* const> utterances);

// Collects what was noticed about the audio files of a corpus, in one line for all of them.
class AudioNotes {
 public:
  void add(const std::string& audio, const std::vector<std::string>& notes);
  // Returns "" if nothing was noticed; otherwise the first file with its note, and how many more files have one.
  std::string summary() const;

 private:
  std::set<std::string> files_;
  std::string first_;
};

// Interpolates rows of the track linearly at times first_s + k * step_s, k = 0 .. frames - 1. A value is missing if one
// of the two that it is computed from is. Times before the first sample get its value; frames after the last sample are
// dropped, so the result may have fewer rows.
Matrix at_times(const Track&, double first_s, double step_s, Index frames);

}  // namespace cutract
