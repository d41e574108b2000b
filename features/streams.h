#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "features/file_stream.h"
#include "features/mel_stream.h"
#include "features/stream.h"

namespace cutract {

using AnyStream = std::variant<MelStream, FileStream>;

// A kind of stream: its name in features.streams, its columns and how it is made. docs/add-a-feature.md says how to add
// one.
struct StreamKind {
  const char* name;
  const char* noun;  // of its columns, in the plural
  const char* help;
  bool of_speech;  // computed from the samples. If so, features.deltas is the default of its option deltas; otherwise 0
  void (*options)(FieldTable&, StreamOptions&);
  std::vector<Column> (*columns)(const StreamOptions&);
  AnyStream (*make)(const StreamOptions&);
};
// Returns the kinds with their meanings and the names of their options, for the help of features.streams.
std::string streams_help();

// One stream of a config.
struct StreamConfig {
  const StreamKind* kind;
  StreamOptions options;
  Index base = 0;   // columns without deltas
  Index first = 0;  // its first column in a frame without context

  Index width() const { return base * (1 + options.features.deltas); }
  bool is(const char* name) const { return std::string(name) == kind->name; }
};
// Adds the options of a stream to the table.
void stream_fields(FieldTable&, StreamConfig&);

// Returns the streams of a config, from left to right: those of features.streams, or the one of features.kind. Throws
// Error{config} for an unknown stream or option.
std::vector<StreamConfig> streams_of(const FeatureConfig&);
// Returns what contradicts among the streams.
std::vector<std::string> contradictions_of_streams(const FeatureConfig&);

// Returns the settings that decide where frames are: all streams agree about them.
FeatureConfig framing_of(const FeatureConfig&, std::span<const StreamConfig>);

// Returns the columns of a frame: those of each stream followed by its deltas; with context c, these of 2c + 1 frames,
// earliest frame first.
std::vector<Column> columns_of(const FeatureConfig&);

// Returns what a frame is made of, for people: "80 log-mels and 13 MFCCs".
std::string describe_streams(const FeatureConfig&);

}  // namespace cutract
