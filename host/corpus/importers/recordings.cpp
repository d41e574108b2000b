#include "host/corpus/importers/recordings.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/csv.h"
#include "host/corpus/kaldi_lists.h"
#include "host/corpus/tsv.h"
#include "host/io/audio_names.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

// The files of one name, which is the path in its folder without the ending.
struct Files {
  std::vector<std::string> audio, tracks;
};

// Calls fn(path, name) for each file below a folder; names that begin with a dot are left out, and links to folders are
// not followed.
template <class Fn>
void each_file(const std::string& folder, const char* option, Fn fn) {
  try {
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
      const bool hidden = it->path().filename().string().starts_with('.');
      if (hidden) it.disable_recursion_pending();
      std::error_code ignored;  // of a link that leads to itself, which is no file
      if (hidden || it->is_directory(ignored)) continue;
      fn(it->path(), it->path().lexically_relative(folder).replace_extension().string());
    }
  } catch (const fs::filesystem_error& e) {
    fail(Fault::io, fmt::format("{}: cannot read{}: {}", folder, option, e.code().message()));
  }
}

std::string inside(const RecordingSource& source, const std::string& folder) {
  if (folder.empty()) return source.folder;
  return folder.starts_with('/') ? folder : source.folder + "/" + folder;
}

bool is_track(const std::string& path, const TrackFiles& files) {
  return files.is_one ? files.is_one(path) : has_ending(path, files.endings);
}

std::string as_id(std::string name) {
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
}

// Returns the wav.scp that --audio names, or "" if it names a folder.
std::string wav_scp_of(const RecordingSource& source) {
  if (source.audio.empty()) return "";
  const std::string path = inside(source, source.audio);
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) ? path : "";
}

// In a wav.scp, audio has an id and no folder, so the names of movement files become ids as well.
std::map<std::string, Files> find_files(const RecordingSource& source, const std::string& utterances,
                                        const std::vector<KaldiLine>& listed) {
  std::map<std::string, Files> found;
  for (const KaldiLine& l : listed) found[l.id].audio.push_back(l.value);
  if (!source.files.holds_audio && listed.empty())
    each_file(inside(source, source.audio), source.audio.empty() ? "" : " (--audio names a folder in SRC)",
              [&](const fs::path& path, const std::string& name) {
                if (is_audio_name(path.string())) found[name].audio.push_back(path.string());
              });
  each_file(
      inside(source, source.tracks), source.tracks.empty() ? "" : " (--tracks names a folder in SRC)",
      [&](const fs::path& path, const std::string& name) {
        std::error_code ignored;
        if (is_track(path.string(), source.files) && (utterances.empty() || !fs::equivalent(path, utterances, ignored)))
          found[listed.empty() ? name : as_id(name)].tracks.push_back(path.string());
      });
  for (auto& [name, files] : found) {
    std::sort(files.audio.begin(), files.audio.end());
    std::sort(files.tracks.begin(), files.tracks.end());
  }
  return found;
}

// The table of utterances, or the lists of a Kaldi data folder.
struct Listed {
  std::string path, speakers_path;
  bool has_speakers = false, has_splits = false;
  std::vector<std::string> extra_columns;
  struct Row {
    std::string speaker, split, text;
    std::vector<std::string> extra;
    int line = 0;
    bool used = false;
  };
  std::map<std::string, Row> rows;  // by utterance, with _ for /
};

std::string utterances_path(const RecordingSource& source) {
  if (!source.utterances.empty()) return inside(source, source.utterances);
  for (const char* name : {"/utterances.csv", "/utterances.tsv"})
    if (fs::exists(source.folder + name)) return source.folder + name;
  return "";
}

Listed read_utterances(const std::string& path, const TrackFiles& files) {
  static const std::vector<std::string> required{"utterance"}, optional{"speaker", "split", "text"};
  static const std::set<std::string> reserved{"id", "audio", "articulation", "start_s", "end_s", "features"};
  // Columns that a manifest may have and an import does not write: reading the corpus would take a similar name for
  // one.
  static const std::vector<std::string> absent{"start_s", "end_s", "features"};
  std::vector<std::string> problems;
  const std::string bytes = read_regular_file(path);
  const TsvTable table = parse_csv(bytes, path, required, optional, problems);
  const auto has = [&](const char* name) {
    return std::find(table.columns.begin(), table.columns.end(), name) != table.columns.end();
  };
  Listed listed;
  listed.path = path;
  listed.speakers_path = path;
  listed.has_speakers = has("speaker");
  listed.has_splits = has("split");
  for (const std::string& name : table.columns) {
    if (reserved.contains(name) || !misspelt(name, absent).empty())
      problems.push_back(
          fmt::format("{}:1: column \"{}\" has a meaning in a corpus that an import does not support; "
                      "rename it",
                      path, name));
    if (name != "utterance" && std::find(optional.begin(), optional.end(), name) == optional.end())
      listed.extra_columns.push_back(name);
  }
  for (const TsvTable::Row& row : table.rows) {
    Listed::Row r{table.at(row, "speaker"), table.at(row, "split"), table.at(row, "text"), {}, row.line};
    r.extra.reserve(listed.extra_columns.size());
    for (const std::string& name : listed.extra_columns) r.extra.push_back(table.at(row, name));
    std::string name = table.at(row, "utterance");
    if (name.empty()) problems.push_back(fmt::format("{}:{}: utterance is empty", path, row.line));
    if (is_audio_name(name) || has_ending(name, files.endings)) name = fs::path(name).replace_extension().string();
    const auto [first, added] = listed.rows.emplace(as_id(name), std::move(r));
    if (!added)
      problems.push_back(fmt::format("{}:{}: utterance \"{}\" is already on line {}", path, row.line, shortened(name),
                                     first->second.line));
  }
  if (!problems.empty()) fail(Fault::data, cutract::listed(problems));
  return listed;
}

// Takes speakers and texts from utt2spk and text beside a wav.scp, as far as these are there.
Listed read_kaldi_lists(const std::string& wav_scp, const std::vector<KaldiLine>& audio,
                        const RecordingSource& source) {
  Listed listed;
  listed.path = wav_scp;
  const std::string folder = fs::path(wav_scp).parent_path().string() + "/", text = folder + "text";
  listed.speakers_path = folder + "utt2spk";
  listed.has_speakers = source.speaker.empty() && fs::exists(listed.speakers_path);
  if (source.speaker.empty() && !listed.has_speakers && !source.files.names_speaker)
    fail(Fault::usage,
         fmt::format("--audio {}: there is no utt2spk beside it, which says who speaks; add it, or name the "
                     "speaker with --speaker",
                     source.audio));
  for (const KaldiLine& l : audio) listed.rows[l.id].line = l.line;
  const auto add = [&](const std::string& path, auto parse, std::string Listed::Row::*field) {
    for (KaldiLine& l : parse(read_regular_file(path), path))
      if (const auto row = listed.rows.find(l.id); row != listed.rows.end()) row->second.*field = std::move(l.value);
  };
  if (listed.has_speakers) add(listed.speakers_path, parse_utt2spk, &Listed::Row::speaker);
  if (fs::exists(text)) add(text, parse_kaldi_text, &Listed::Row::text);
  return listed;
}

std::string file_name(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// The name of the first folder below that of the audio; of the audio's own folder if there is none.
std::string speaker_by_folder(const std::string& name, const std::string& audio_folder) {
  const auto slash = name.find('/');
  if (slash != std::string::npos) return name.substr(0, slash);
  std::error_code ignored;
  return fs::weakly_canonical(audio_folder, ignored).filename().string();
}

std::string speaker_of(const std::string& name, const RecordingSource& source) {
  if (!source.speaker.empty()) return source.speaker;
  const std::string file = file_name(name);
  const auto end = file.find('_');
  if (source.files.names_speaker && end != std::string::npos && end > 0) return file.substr(0, end);
  if (!wav_scp_of(source).empty()) return name;  // an utterance whose speaker is not known has one of its own
  return speaker_by_folder(name, inside(source, source.files.holds_audio ? source.tracks : source.audio));
}

// Returns why the files of one name do not make a recording, or "".
std::string wrong_files(const Files& files, const std::string& name, const TrackFiles& kind) {
  if (files.tracks.empty())
    return fmt::format("{}: has no movement file {}", files.audio.front(),
                       fmt::format(fmt::runtime(kind.partner), name));
  if (files.tracks.size() > 1 && !kind.several)
    return fmt::format("several movement files have this name; keep one of {} and {}", files.tracks[0],
                       files.tracks[1]);
  if (kind.holds_audio) return "";
  if (files.audio.empty())
    return fmt::format("{}: has no audio file {}.wav (or .flac, ...)", files.tracks.front(), name);
  if (files.audio.size() > 1)
    return fmt::format("several audio files have this name; keep one of {} and {}", files.audio[0], files.audio[1]);
  return "";
}

void fill_from(Listed& listed, FoundRecording& r) {
  const auto row = listed.rows.find(r.id);
  if (row == listed.rows.end()) {
    if (r.problem.empty()) r.problem = "is not in " + listed.path;
    return;
  }
  Listed::Row& l = row->second;
  l.used = true;
  r.text = l.text;
  r.extra = l.extra;
  if (listed.has_speakers) r.speaker = l.speaker;
  if (listed.has_splits) r.split = l.split;
  const auto missing = [&](const char* what) {
    if (r.problem.empty()) r.problem = fmt::format("{}:{}: {} is empty", listed.path, l.line, what);
  };
  if (listed.has_speakers && l.speaker.empty() && listed.speakers_path != listed.path && r.problem.empty())
    r.problem = "is not in " + listed.speakers_path;
  if (listed.has_speakers && l.speaker.empty()) missing("speaker");
  if (listed.has_splits && l.split.empty()) missing("split");
}

std::string shares_text(const std::vector<Share>& shares) {
  std::string text;
  for (const Share& s : shares) text += fmt::format("{}{}={}", text.empty() ? "" : ",", s.split, number_text(s.part));
  return text;
}

// The recordings that have to be in the same split.
std::string group_of(const FoundRecording& r, const TrackFiles& files) {
  if (!r.text.empty()) return "text " + r.text;
  if (!files.sentence) return r.id;
  return "sentence " + files.sentence(fs::path(r.tracks.front()).stem().string());
}

// A sentence that several speakers read, or one speaker twice, must not be in two splits.
void make_splits(const RecordingSource& source, FoundRecordings& found) {
  const std::vector<Share> shares =
      source.shares.empty() ? parse_shares("train=0.8,val=0.1,test=0.1", "--split") : source.shares;
  std::vector<std::string> good;  // groups
  for (const FoundRecording& r : found.all)
    if (r.problem.empty()) good.push_back(group_of(r, source.files));
  const std::vector<std::string> splits = assign_splits(good, shares, source.seed);
  std::size_t i = 0;
  for (FoundRecording& r : found.all)
    if (r.problem.empty()) r.split = splits[i++];
  found.split_note = fmt::format("splits by --split {} --seed {}; recordings with the same {} are in one split",
                                 shares_text(shares), source.seed, source.files.sentence ? "sentence" : "text");
}

void expect_no_contradiction(const RecordingSource& source, const Listed& listed) {
  if (listed.has_speakers && !source.speaker.empty())
    fail(Fault::usage, fmt::format("--speaker: {} has a column speaker; use only one of them", listed.path));
  if (listed.has_splits && !source.shares.empty())
    fail(Fault::usage, fmt::format("--split: {} has a column split; use only one of them", listed.path));
}

[[noreturn]] void fail_without_pairs(const RecordingSource& source) {
  if (source.files.holds_audio) fail(Fault::data, fmt::format("{}: holds no {}", source.folder, source.files.what));
  fail(Fault::data,
       fmt::format("{}: holds no audio file (.wav, .flac, ...) with {} beside it; if they are in two folders, name "
                   "the folders with --audio and --tracks",
                   source.folder, source.files.what));
}

}  // namespace

std::string after_speaker(const std::string& name) {
  const auto at = name.find('_');
  return at == std::string::npos || at + 1 == name.size() ? name : name.substr(at + 1);
}

bool has_ending(const std::string& path, const std::vector<std::string>& endings) {
  const std::string ending = lowercase(fs::path(path).extension().string());
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

FoundRecordings find_recordings(const RecordingSource& source) {
  const std::string table = utterances_path(source), wav_scp = source.files.holds_audio ? "" : wav_scp_of(source);
  std::vector<KaldiLine> audio;
  if (!wav_scp.empty()) audio = parse_wav_scp(read_regular_file(wav_scp), wav_scp);
  Listed listed;
  if (!table.empty())
    listed = read_utterances(table, source.files);
  else if (!wav_scp.empty())
    listed = read_kaldi_lists(wav_scp, audio, source);
  expect_no_contradiction(source, listed);
  FoundRecordings found;
  found.extra_columns = listed.extra_columns;
  std::map<std::string, std::string> names;  // by id
  bool pair = false;
  for (const auto& [name, files] : find_files(source, table, audio)) {
    FoundRecording r;
    r.id = as_id(name);
    r.problem = wrong_files(files, name, source.files);
    pair = pair || r.problem.empty();
    if (!files.audio.empty()) r.audio = files.audio.front();
    r.tracks = files.tracks;
    r.speaker = speaker_of(name, source);
    r.extra.resize(found.extra_columns.size());
    const auto [other, added] = names.emplace(r.id, name);
    if (!added) r.problem = fmt::format("{} and {} would get the same id; rename one of them", other->second, name);
    if (!names_a_file(r.id)) r.problem = "its name holds a control character; rename it";
    if (!listed.path.empty()) fill_from(listed, r);
    found.all.push_back(std::move(r));
  }
  if (!pair) fail_without_pairs(source);
  for (const auto& [id, row] : listed.rows)
    if (!row.used)
      found.all.push_back(
          {id,
           "",
           "",
           "",
           {},
           "",
           {},
           fmt::format("{}:{} has no {} file", listed.path, row.line, source.files.holds_audio ? "such" : "audio")});
  std::stable_sort(found.all.begin(), found.all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  if (!listed.has_splits) make_splits(source, found);
  return found;
}

}  // namespace cutract
