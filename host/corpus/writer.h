#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/corpus/corpus.h"
#include "host/corpus/gaps.h"
#include "host/corpus/import_target.h"
#include "host/corpus/importers.h"
#include "host/io/audio.h"

namespace cutract {

// What corpus.toml says. Its provenance becomes "WHAT, imported by cutract: HOW".
struct CorpusFacts {
  std::string name, what, how, licence;
  int sample_rate = 0;              // Hz
  double articulation_rate_hz = 0;  // Hz
  std::vector<Channel> channels = {};
  double features_rate_hz = 0;  // of the arrays of features, if the corpus has any
};

struct SourceUtterance {
  std::string id, speaker, split, text;
  std::vector<std::string> extra = {};  // one for each of the writer's extra columns
};

struct ConvertedUtterance {
  Audio audio;  // at the corpus's sample rate; its notes are about the original file
  Matrix track;
  Matrix features = {};                       // computed elsewhere; written if the writer is With::features
  double seconds = 0;                         // of audio
  std::string original = {};                  // the audio file that was read
  GapCount gaps = {}, left = {};              // of missing values: filled, and too long to be filled
  double cut_track_ms = 0, cut_audio_ms = 0;  // how much of their ends was cut off so that both end together
};

// Writes the corpus of an import. It owns everything that importers share: claiming the folder, skipping bad utterances
// with a warning, audio and arrays, manifest.tsv, and corpus.toml, which is written last.
class CorpusWriter {
 public:
  enum class With { nothing_else, features };  // besides audio and articulation

  // `extra_columns` are columns of the manifest after text. Throws as ImportTarget does.
  CorpusWriter(std::string source, std::string out, const std::vector<std::string>& extra_columns,
               With = With::nothing_else);

  // Calls `read` and writes what it returns. If it throws Error{data} or Error{io}, the utterance is skipped with a
  // warning. A failure to write is not the utterance's fault, so it ends the import.
  void add(const SourceUtterance&, const std::function<ConvertedUtterance()>& read);

  // Completes the corpus. Throws Error{data} if no utterance could be added. `one_channel` says how to get one channel
  // of audio with several: "keep one channel of the originals".
  ImportReport finish(const CorpusFacts&, const std::string& one_channel);

 private:
  void skip(const std::string& id, const std::string& reason);  // with a warning
  void count(const ConvertedUtterance&);
  void log_changes() const;

  std::string source_, out_, folder_, manifest_;
  bool has_features_;
  ImportTarget target_;
  ImportReport report_;
  AudioNotes notes_;
};

}  // namespace cutract
