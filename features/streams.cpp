#include "features/streams.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "features/framing.h"
#include "host/core/entry.h"
#include "host/core/error.h"

namespace cutract {
namespace {

template <class S>
AnyStream make(const StreamOptions& o) {
  return S(o);
}

constexpr StreamKind kKinds[] = {
    {"mel", "log-mels", "the log-mel spectrum", true, MelStream::options, MelStream::columns, make<MelStream>},
    {"mfcc", "MFCCs", "cepstra of the log-mel spectrum", true, MelStream::options, MelStream::columns, make<MelStream>},
    {"file", "columns of files", "arrays computed elsewhere, listed in the manifest's column features", false,
     FileStream::options, FileStream::columns, make<FileStream>},
};

const StreamKind& kind_named(const std::string& name, const std::string& origin) {
  std::vector<std::string> known;
  for (const StreamKind& k : kKinds) {
    if (name == k.name) return k;
    known.emplace_back(k.name);
  }
  const std::string near = did_you_mean(name, known);
  fail(Fault::config, fmt::format("{}: unknown stream \"{}\"{}; the streams are {}", origin, name,
                                  near.empty() ? "" : " (did you mean \"" + near + "\"?)", fmt::join(known, ", ")));
}

StreamConfig stream_of(const FeatureConfig& c, const std::string& text, const std::string& origin) {
  const Entry entry = parse_entry(text, origin);
  StreamConfig s{&kind_named(entry.name, origin), {c, entry.name}};
  FeatureConfig& own = s.options.features;
  own.streams.clear();
  if (const auto kind = named<FeatureKind>(entry.name)) own.kind = *kind;
  if (!s.kind->of_speech) own.deltas = 0;
  FieldTable table;
  stream_fields(table, s);
  read_options(table, entry.options, fmt::format("{} ({})", origin, entry.name));
  if (own.fmax_hz == 0) own.fmax_hz = own.sample_rate / 2.0;
  s.base = std::ssize(s.kind->columns(s.options));
  return s;
}

bool is_word(const std::string& text) {
  const auto plain = [](char ch) {
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), plain);
}

}  // namespace

void stream_fields(FieldTable& v, StreamConfig& s) {
  s.kind->options(v, s.options);
  delta_fields(v, s.options.features);
  v("name", s.options.name, "beginning of its columns' names (default: the stream's)");
  v("normalise", s.options.normalise, "whether its columns are normalised");
}

std::string streams_help() {
  std::string out;
  for (const StreamKind& kind : kKinds) {
    StreamConfig s{&kind, {{}, kind.name}};
    if (const auto own = named<FeatureKind>(kind.name)) s.options.features.kind = *own;
    FieldTable table;
    stream_fields(table, s);
    std::vector<std::string> names;
    for (const Field& f : table.all()) names.push_back(f.name);
    out += fmt::format("{}{}: {} (options {})", out.empty() ? "" : "; ", kind.name, kind.help, fmt::join(names, ", "));
  }
  return out;
}

std::vector<StreamConfig> streams_of(const FeatureConfig& c) {
  const std::vector<std::string> entries = c.streams.empty() ? std::vector<std::string>{name_of(c.kind)} : c.streams;
  std::vector<StreamConfig> out;
  Index first = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    out.push_back(stream_of(c, entries[i], fmt::format("features.streams[{}]", i + 1)));
    out.back().first = first;
    first += out.back().width();
  }
  return out;
}

std::vector<std::string> contradictions_of_streams(const FeatureConfig& c) {
  std::vector<std::string> problems;
  if (c.streams.empty()) return problems;
  if (c.kind != FeatureKind::mel)
    problems.push_back(fmt::format("features.kind: is \"{}\", but features.streams lists the streams; leave kind out",
                                   name_of(c.kind)));
  std::set<std::string> names;
  const StreamConfig* framing = nullptr;
  std::vector<StreamConfig> streams = streams_of(c);
  for (StreamConfig& s : streams) {
    const std::string& name = s.options.name;
    if (!is_word(name))
      problems.push_back(
          fmt::format("features.streams: name \"{}\" of {}: expected letters, digits and _", name, s.kind->name));
    if (!names.insert(name).second)
      problems.push_back(
          fmt::format("features.streams: two streams are called {}; give one of them another name, e.g. "
                      "\"{} name={}2\"",
                      name, s.kind->name, name));
    for (std::string& p : contradictions(s.options.features, fmt::format("features.streams, {}: ", name)))
      problems.push_back(std::move(p));
    if (!s.kind->of_speech) continue;
    if (framing && !same_frames(framing->options.features, s.options.features))
      problems.push_back(
          fmt::format("features.streams: frames of {} and {} are at different times; give both the same "
                      "win_samples and n_fft",
                      framing->options.name, name));
    if (!framing) framing = &s;
  }
  return problems;
}

FeatureConfig framing_of(const FeatureConfig& c, std::span<const StreamConfig> streams) {
  for (const StreamConfig& s : streams)
    if (s.kind->of_speech) return s.options.features;
  return c;
}

std::vector<Column> columns_of(const FeatureConfig& c) {
  std::vector<Column> frame;
  for (const StreamConfig& s : streams_of(c)) {
    std::vector<Column> own = s.kind->columns(s.options);
    for (int order = 0; order <= s.options.features.deltas; ++order) {
      if (order > 0)
        for (Column& column : own) {
          column.name += order == 1 ? "_d" : "d";
          column.per_db = 0;
        }
      frame.insert(frame.end(), own.begin(), own.end());
    }
  }
  std::vector<Column> out;
  for (int at = -c.context; at <= c.context; ++at)
    for (Column column : frame) {
      if (at != 0) column.name += fmt::format("@{:+d}", at);
      out.push_back(std::move(column));
    }
  return out;
}

std::string describe_streams(const FeatureConfig& c) {
  std::vector<std::string> parts;
  for (const StreamConfig& s : streams_of(c)) parts.push_back(fmt::format("{} {}", s.base, s.kind->noun));
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out += (i == 0 ? "" : i + 1 < parts.size() ? ", " : " and ") + parts[i];
  return out;
}

}  // namespace cutract
