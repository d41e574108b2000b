#include "host/corpus/importers/feature_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/corpus.h"
#include "host/corpus/gaps.h"
#include "host/corpus/slack.h"
#include "host/corpus/tsv.h"
#include "host/corpus/writer.h"
#include "host/io/audio_names.h"
#include "host/io/input_file.h"
#include "host/io/npy.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMel = "/audio_features/mel_spectrogram/";
constexpr const char* kParameters = "/parameters/geometric/";
constexpr const char* kList = "/utterance_list.txt";
constexpr Index kMostApart = 2;  // rows by which the two arrays of an utterance may differ
constexpr double kRounding_s = 1e-9;
constexpr double kLongest_s = 3600;  // of silence

struct Listed {
  std::string id, split;
};

std::vector<std::string> folders_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& e : fs::directory_iterator(folder, error))
    if (e.is_directory() && !e.path().filename().string().starts_with('.'))
      names.push_back(e.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void read_list(const std::string& path, const std::string& split, std::map<std::string, std::string>& places,
               std::vector<Listed>& all, std::vector<std::string>& problems) {
  const std::string bytes = read_regular_file(path);
  if (const std::string wrong = wrong_encoding(bytes); !wrong.empty()) {
    problems.push_back(path + ": " + wrong);
    return;
  }
  std::string_view rest = without_mark(bytes);
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = take_line(rest);
    const std::string id(take_word(line));
    if (id.empty()) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    if (!take_word(line).empty())
      problems.push_back(where + ": has several words, expected one id");
    else if (!is_utf8(id))
      problems.push_back(where + ": the id is not UTF-8; save the file as UTF-8 text");
    else if (!names_a_file(id) || id.find('\0') != std::string::npos)
      problems.push_back(
          fmt::format("{}: id \"{}\" cannot name a file; leave out / and control characters", where, shown(id)));
    else if (const auto [first, added] = places.emplace(id, where); !added)
      problems.push_back(
          fmt::format("{}: duplicate id \"{}\", which is already in {}", where, shown(id), first->second));
    else
      all.push_back({id, split});
  }
}

// The utterances of all lists, sorted by id.
std::vector<Listed> read_lists(const std::string& source) {
  std::vector<Listed> all;
  std::vector<std::string> problems;
  std::map<std::string, std::string> places;  // of the ids
  bool found = false;
  for (const std::string& split : folders_in(source + "/splits")) {
    const std::string path = source + "/splits/" + split + kList;
    if (!fs::exists(path)) continue;
    found = true;
    read_list(path, split, places, all, problems);
  }
  if (!found)
    fail(Fault::data,
         source +
             ": has no splits/NAME/utterance_list.txt, which lists the ids of a split, one on each line; name "
             "the folder that contains splits");
  if (!problems.empty()) fail(Fault::data, listed(problems));
  if (all.empty()) fail(Fault::data, source + "/splits: its lists have no utterances");
  std::sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) { return a.id < b.id; });
  return all;
}

Matrix transposed(const Matrix& m) {
  Matrix out(m.cols, m.rows);
  for (Index t = 0; t < out.rows; ++t)
    for (Index c = 0; c < out.cols; ++c) out.row(t)[c] = m.row(c)[t];
  return out;
}

class Converter {
 public:
  explicit Converter(const ImportRequest& request) {
    const GivenOptions options(request.options);
    source_ = request.source;
    while (source_.size() > 1 && source_.back() == '/') source_.pop_back();
    if (!fs::is_directory(source_)) fail(Fault::io, source_ + ": is not a folder");
    rate_hz_ = options.number("--rate", 1, 100000, 100);
    channels_ = options.list("--channels");
    fill_gaps_ms_ = fill_gaps_ms_of(options);
    sample_rate_ = static_cast<int>(options.integer("--sample-rate", 1000, 384000, 16000));
    audio_.channel = static_cast<int>(options.integer("--audio-channel", 0, 64, 0));
    unit_ = options.utf8("--unit", "mm");
    const std::string folder = fs::canonical(source_).filename().string();
    name_ = options.utf8("--name", folder.empty() || !is_utf8(folder) ? "feature-folder" : folder);
    licence_ = options.utf8("--licence", "not stated");
    if (const std::string audio = options.text("--audio"); !audio.empty()) find_audio(audio);
  }

  const std::string& source() const { return source_; }
  bool has_audio() const { return has_audio_; }

  ConvertedUtterance convert(const std::string& id) {
    const std::string mel_path = source_ + kMel + id + "_mel.npy", path = source_ + kParameters + id + "_params.npy";
    ConvertedUtterance u;
    u.track = decode_npy(read_regular_file(path), path);
    u.features = decode_npy(read_regular_file(mel_path), mel_path);
    check_parameters(u.track, path);
    turn_to_rows(u.features, mel_path, u.track.rows, path);
    check_features(u.features, mel_path);
    const std::vector<std::string> names = names_for(u.track.cols);
    expect_measurements(u.track, names, path);
    u.gaps = fill_gaps(u.track, rate_hz_, fill_gaps_ms_);
    u.left = gaps_in(u.track, rate_hz_);
    add_audio(u, id, path);
    const Track states{rate_hz_, 0, u.features};
    expect_as_long(states, u.seconds, true, mel_path);
    if (channels_.empty()) channels_ = names;
    if (first_mel_.empty()) {
      first_mel_ = mel_path;
      columns_ = u.features.cols;
    }
    return u;
  }

  CorpusFacts facts() const {
    CorpusFacts f{name_, "features and parameters of " + name_, "", licence_, sample_rate_, rate_hz_};
    f.how = fmt::format("{} computed elsewhere at {} Hz, {}", counted(columns_, "feature"), number_text(rate_hz_),
                        has_audio_ ? fmt::format("audio resampled to {} Hz", sample_rate_)
                                   : std::string("silence in place of the audio, which the source lacks"));
    f.features_rate_hz = rate_hz_;
    for (const std::string& name : channels_) f.channels.push_back({name, unit_});
    return f;
  }

 private:
  void find_audio(const std::string& given) {
    has_audio_ = true;
    audio_folder_ = given.starts_with('/') ? given : source_ + "/" + given;
    std::error_code error;
    for (const fs::directory_entry& e : fs::directory_iterator(audio_folder_, error))
      if (is_audio_name(e.path().string())) recordings_[e.path().stem().string()].push_back(e.path().string());
    if (error)
      fail(Fault::io,
           fmt::format("{}: cannot read (--audio names a folder in SRC): {}", audio_folder_, error.message()));
  }

  std::vector<std::string> names_for(Index columns) const {
    if (!channels_.empty()) return channels_;
    std::vector<std::string> names;
    for (Index c = 1; c <= columns; ++c) names.push_back(fmt::format("p{}", c));
    return names;
  }

  void check_parameters(const Matrix& m, const std::string& path) const {
    if (m.rows == 0 || m.cols == 0) fail(Fault::data, path + ": is empty, expected one row for each frame");
    const auto expected = static_cast<Index>(channels_.size());
    if (expected == 0 || m.cols == expected) return;
    if (m.rows == expected)
      fail(Fault::data,
           fmt::format("{}: has {} of {}, expected one row for each frame with {}; it is transposed, so save x.T", path,
                       counted(m.rows, "row"), counted(m.cols, "number"), counted(expected, "number")));
    fail(Fault::data, fmt::format("{}: has {}, expected {} as in --channels or in the utterances before it", path,
                                  counted(m.cols, "column"), expected));
  }

  // Spectrograms are stored as [frames, mels] or as [mels, frames]; the rows of the parameters say which.
  static void turn_to_rows(Matrix& mel, const std::string& mel_path, Index rows, const std::string& path) {
    if (std::abs(mel.rows - rows) <= kMostApart) return;
    if (std::abs(mel.cols - rows) > kMostApart)
      fail(Fault::data, fmt::format("{}: is an array of {} x {}, but {} has {}; expected as many rows, give or take {}",
                                    mel_path, mel.rows, mel.cols, path, counted(rows, "row"), kMostApart));
    mel = transposed(mel);
  }

  void check_features(const Matrix& mel, const std::string& path) const {
    if (mel.rows == 0 || mel.cols == 0) fail(Fault::data, path + ": is empty, expected one row for each frame");
    if (columns_ > 0 && mel.cols != columns_)
      fail(Fault::data, fmt::format("{}: has {}, {} has {}", path, counted(mel.cols, "feature"), first_mel_, columns_));
    for (Index t = 0; t < mel.rows; ++t)
      for (Index c = 0; c < mel.cols; ++c)
        if (const float v = mel.row(t)[c]; !std::isfinite(v))
          fail(Fault::data,
               fmt::format("{}: feature {} of frame {} is {}, expected a finite number", path, c + 1, t + 1, v));
  }

  void add_audio(ConvertedUtterance& u, const std::string& id, const std::string& path) const {
    const double track_s = static_cast<double>(u.track.rows) / rate_hz_;
    u.seconds = track_s;
    u.original = path;
    if (!has_audio_) {
      if (track_s > kLongest_s)
        fail(Fault::data, fmt::format("{}: {} last {:.0f} s at {} Hz, expected at most {:.0f} s; check --rate", path,
                                      counted(u.track.rows, "row"), track_s, number_text(rate_hz_), kLongest_s));
      u.audio = {sample_rate_, std::vector<float>(static_cast<std::size_t>(std::llround(track_s * sample_rate_)))};
      return;
    }
    const auto found = recordings_.find(id);
    if (found == recordings_.end())
      fail(Fault::data, fmt::format("{}: has no audio file {}.wav (or .flac, ...)", audio_folder_, id));
    if (found->second.size() > 1)
      fail(Fault::data, fmt::format("several audio files have this name; keep one of {} and {}", found->second[0],
                                    found->second[1]));
    u.original = found->second.front();
    u.audio = read_audio_file(u.original, audio_);
    u.seconds = static_cast<double>(u.audio.samples.size()) / u.audio.sample_rate;
    const double slack = slack_s(rate_hz_);
    if (std::abs(u.seconds - track_s) > slack + kRounding_s)
      fail(Fault::data,
           fmt::format("{}: {} last {:.3f} s at {} Hz, the audio {} {:.3f} s; expected the same within {:.0f} "
                       "ms; check --rate",
                       path, counted(u.track.rows, "row"), track_s, number_text(rate_hz_), u.original, u.seconds,
                       1000 * slack));
    u.audio.samples = resample(u.audio.samples, u.audio.sample_rate, sample_rate_);
    u.audio.sample_rate = sample_rate_;
  }

  std::string source_, audio_folder_, unit_, name_, licence_, first_mel_;
  std::map<std::string, std::vector<std::string>> recordings_;  // by id
  std::vector<std::string> channels_;
  double rate_hz_ = 0, fill_gaps_ms_ = 0;
  int sample_rate_ = 0;
  AudioOptions audio_;
  bool has_audio_ = false;
  Index columns_ = 0;  // of the features
};

}  // namespace

ImportReport import_feature_folder(const ImportRequest& request) {
  const std::string speaker = GivenOptions(request.options).utf8("--speaker");
  Converter converter(request);
  const std::vector<Listed> all = read_lists(converter.source());
  CorpusWriter writer(request.source, request.out, {}, CorpusWriter::With::features);
  for (const Listed& u : all)
    writer.add({u.id, speaker.empty() ? u.id.substr(0, u.id.find('_', 1)) : speaker, u.split, ""},
               [&] { return converter.convert(u.id); });
  const ImportReport report = writer.finish(converter.facts(), "choose one with --audio-channel");
  if (!converter.has_audio())
    log::info("the corpus has silence in place of audio, so a model can only learn from the stream \"file\"");
  return report;
}

}  // namespace cutract
