#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "host/corpus/corpus.h"
#include "host/corpus/importers/stem_e2va_source.h"
#include "host/corpus/kaldi_lists.h"
#include "host/io/audio.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/scratch.h"

namespace cutract::fuzz {
namespace {

constexpr const char* kToml =
    "name = \"toy\"\nsample_rate = 1000\narticulation_rate_hz = 100\nchannels = [{ name = \"x\", unit = \"mm\" }]\n";
constexpr const char* kManifest = "id\tspeaker\tsplit\taudio\tarticulation\nu\ts\ttrain\ta.wav\ta.npy\n";

void expect_usable(const Corpus& corpus) {
  expect(corpus.sample_rate > 0 && corpus.articulation_rate_hz > 0, "a rate is not positive");
  expect(!corpus.channels.empty() && !corpus.utterances.empty(), "there are no channels or no utterances");
  std::set<std::string> ids;
  for (const Utterance& u : corpus.utterances) {
    expect(!u.id.empty() && u.id != "." && u.id != ".." && u.id.find('/') == std::string::npos,
           "an id cannot name a file");
    expect(ids.insert(u.id).second, "an id occurs twice");
    expect(std::isfinite(u.start_s) && u.start_s >= 0, "start_s is not a time");
    expect(u.end_s < 0 || (std::isfinite(u.end_s) && u.end_s > u.start_s), "end_s is not after start_s");
  }
}

}  // namespace

void parse_corpus_toml(std::string_view bytes) {
  static const std::string folder = make_scratch_folder("of_toml");
  static const std::string manifest = write_scratch("of_toml/manifest.tsv", kManifest);
  write_scratch("of_toml/corpus.toml", bytes);
  expect_usable(read_corpus(folder));
}

void parse_manifest_tsv(std::string_view bytes) {
  static const std::string folder = make_scratch_folder("of_manifest");
  static const std::string toml = write_scratch("of_manifest/corpus.toml", kToml);
  write_scratch("of_manifest/manifest.tsv", bytes);
  expect_usable(read_corpus(folder));
}

// The first line is "start_s<TAB>end_s", the rest a .npy file. The audio lasts 0.25 s.
void parse_recording(std::string_view bytes) {
  static const std::string folder = [] {
    const std::string path = make_scratch_folder("of_track");
    write_scratch("of_track/corpus.toml", kToml);
    write_audio(path + "/a.wav", {1000, std::vector<float>(250, 0.5F), {}});
    return path;
  }();
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string times(bytes.substr(0, end));
  write_scratch("of_track/manifest.tsv",
                "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\nu\ts\ttrain\ta.wav\ta.npy\t" + times + "\n");
  write_scratch("of_track/a.npy", bytes.substr(std::min(end + 1, bytes.size())));
  const Corpus corpus = read_corpus(folder);
  const Recording recording = read_recording(corpus, corpus.utterances.at(0));
  expect(!recording.samples.empty() && recording.track.values.rows > 0, "a recording has no samples or no frames");
  expect(recording.track.values.cols == 1, "a track has more columns than channels");
  for (const float v : recording.track.values.values) expect(!std::isinf(v), "a track holds an infinite value");
  const Matrix resampled = at_times(recording.track, 0, 0.01, 25);
  for (const float v : resampled.values) expect(!std::isinf(v), "a resampled track is infinite");
}

void parse_stem_manifest(std::string_view bytes) {
  static const std::string folder = make_scratch_folder("of_stem");
  write_scratch("of_stem/manifest.tsv", bytes);
  std::set<std::string> ids;
  for (const StemUtterance& u : read_stem_source(folder)) {
    expect(!u.id.empty() && u.id != "." && u.id != ".." && u.id.find('/') == std::string::npos,
           "an id cannot name a file");
    expect(ids.insert(u.id).second, "an id occurs twice");
  }
}

void parse_wav_scp(std::string_view bytes) {
  std::set<std::string> ids;
  for (const KaldiLine& l : cutract::parse_wav_scp(bytes, "wav.scp")) {
    expect(!l.id.empty() && l.id != "." && l.id != ".." && l.id.find('/') == std::string::npos,
           "an id cannot name a file");
    expect(ids.insert(l.id).second, "an id occurs twice");
    expect(!l.value.empty() && !l.value.ends_with('|') && !l.value.starts_with('|'), "a command is accepted");
    expect(l.value.find('\0') == std::string::npos && l.value.find('\n') == std::string::npos, "a path has a line end");
  }
}

}  // namespace cutract::fuzz
