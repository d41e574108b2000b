#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "host/corpus/importers.h"

namespace cutract {

// Reads the options of an import as text, numbers and lists. Throws Error{usage} for a value that is not one.
class GivenOptions {
 public:
  explicit GivenOptions(const std::map<std::string, std::string>& given) : given_(given) {}

  bool has(const char* name) const { return given_.contains(name); }
  std::string text(const char* name, const std::string& otherwise = "") const;
  std::string utf8(const char* name, const std::string& otherwise = "") const;  // text that goes into the corpus
  double number(const char* name, double lo, double hi, double otherwise) const;
  std::int64_t integer(const char* name, std::int64_t lo, std::int64_t hi, std::int64_t otherwise) const;
  std::vector<std::string> list(const char* name) const;  // of different names with commas between them

 private:
  template <class T>
  T parsed(const char* name, T lo, T hi, T otherwise, const char* kind) const;

  const std::map<std::string, std::string>& given_;
};

// Reads --axes: which of the coordinates x, y and z of a sensor to take, e.g. "xz".
std::string axes_of(const GivenOptions&, const std::string& otherwise);

// Reads --fill-gaps-ms, in ms.
double fill_gaps_ms_of(const GivenOptions&);

inline constexpr ImportOption kFillGapsOption = {"--fill-gaps-ms", "N",
                                                 "longest gap of missing values that is filled, in ms (default 50)"};

inline constexpr ImportOption kAudioChannelOption = {
    "--audio-channel", "N", "channel of multichannel audio, from 1; 0: the average (default 0)"};

// clang-format off
// What the formats have in common that pair audio files with files of movement.
inline constexpr std::array kPairOptions = {
    ImportOption{"--speaker", "NAME", "speaker of all recordings (default: see --utterances)"},
    ImportOption{"--utterances", "FILE", "table with a column utterance and any of speaker, split, text, others (default "
                                         "utterances.csv or .tsv in SRC)"},
    ImportOption{"--split", "SHARES", "shares of the splits (default train=0.8,val=0.1,test=0.1)"},
    ImportOption{"--seed", "N", "random seed of the splits (default 1)"},
    ImportOption{"--sample-rate", "HZ", "sample rate to which audio is resampled (default 16000)"},
    ImportOption{"--lowpass", "HZ", "cut-off of a zero-phase low-pass for all channels; 0: none (default 0)"},
    kFillGapsOption,
    ImportOption{"--name", "NAME", "name of the corpus (default: the name of SRC)"},
    ImportOption{"--licence", "NAME", "licence of the data (default not stated)"},
};

// What the formats of published corpora have in common besides.
inline constexpr std::array kTrackOptions = {
    ImportOption{"--audio", "DIR", "folder of the audio files, or a Kaldi wav.scp, in SRC (default SRC)"},
    ImportOption{"--tracks", "DIR", "folder of the files of movement, in SRC (default SRC)"},
    ImportOption{"--channels", "A,B,...", "channels to import (default: the positions, if names say which these are; otherwise all)"},
    ImportOption{"--rate", "HZ", "frames per second of the corpus (default: those of the first recording)"},
    ImportOption{"--trim-ms", "N", "longest difference between the ends of audio and movement that is cut off, in ms "
                                   "(default 500)"},
    ImportOption{"--speaker-from", "WHAT", "source of the speaker: name, the file's name up to its first _, or folder, the "
                                           "first folder (the default depends on the format)"},
    kAudioChannelOption,
};
// clang-format on

template <std::size_t N, std::size_t M>
constexpr std::array<ImportOption, N + M> joined(const std::array<ImportOption, N>& a,
                                                 const std::array<ImportOption, M>& b) {
  std::array<ImportOption, N + M> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = a[i];
  for (std::size_t i = 0; i < M; ++i) all[N + i] = b[i];
  return all;
}

}  // namespace cutract
