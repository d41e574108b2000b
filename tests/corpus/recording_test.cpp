#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <filesystem>

#include "host/core/error.h"
#include "host/corpus/corpus.h"
#include "tests/corpus/corpus_folder.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

using test::CorpusFolder;

Recording read_one(const CorpusFolder& folder, const std::string& id = "a") {
  const Corpus c = read_corpus(folder.path());
  for (const auto& u : c.utterances)
    if (u.id == id) return read_recording(c, u);
  throw Error(Fault::internal, "no such utterance");
}

TEST(Recording, IsRead) {
  const CorpusFolder folder;
  const Recording r = read_one(folder);
  ASSERT_EQ(r.samples.size(), 4000u);
  EXPECT_EQ(r.samples[100], 100 / 32768.0f);
  EXPECT_EQ(r.track.rate_hz, 100);
  EXPECT_EQ(r.track.first_s, 0);
  EXPECT_EQ(r.track.values.values, CorpusFolder::ramp(50).values);
}

// NaN is a value that was not measured; gaps of up to the run's length are filled when a track is read.
TEST(Recording, KeepsMissingValuesOrFillsThem) {
  const CorpusFolder folder;
  Matrix m = CorpusFolder::ramp(50);
  for (const Index t : {17, 30, 31, 32}) m.row(t)[1] = std::nanf("");
  folder.track("a", m);
  const Recording kept = read_one(folder);
  EXPECT_EQ(kept.filled.gaps, 0);
  for (Index t = 0; t < 50; ++t) EXPECT_EQ(std::isnan(kept.track.values.row(t)[1]), std::isnan(m.row(t)[1])) << t;
  Corpus c = read_corpus(folder.path());
  c.fill_gaps_ms = 10;
  const Recording filled = read_recording(c, c.utterances[0]);
  EXPECT_EQ(filled.filled.values, 1);
  EXPECT_NEAR(filled.track.values.row(17)[1], 1000 - 2 * 17, 1e-3);
  EXPECT_TRUE(std::isnan(filled.track.values.row(31)[1]));
}

// A frame is missing if a value that it is interpolated from is; times that are meant to be those of the track have the
// track's values.
TEST(Recording, InterpolatesOnlyBetweenMeasuredValues) {
  Track track{100, 0, CorpusFolder::ramp(10)};
  track.values.row(4)[0] = std::nanf("");
  const Matrix same = at_times(track, 0, 0.01, 10), between = at_times(track, 0.005, 0.01, 9);
  for (Index t = 0; t < 10; ++t) EXPECT_EQ(std::isnan(same.row(t)[0]), t == 4) << t;
  for (Index t = 0; t < 9; ++t) EXPECT_EQ(std::isnan(between.row(t)[0]), t == 3 || t == 4) << t;
  for (Index t = 0; t < 9; ++t) EXPECT_FALSE(std::isnan(between.row(t)[1])) << t;
  EXPECT_EQ(same.row(5)[0], 5);
  const Matrix rounded = at_times(track, 1e-9, 0.01, 10);
  EXPECT_EQ(rounded.row(3)[0], 3) << "the next value, which is missing, has no weight to speak of";
}

// Faults in the data, each reported with its file and place.
TEST(Recording, BadDataAreRefusedEachForItsOwnReason) {
  const auto spoiled = [](Index row, Index col, float value) {
    Matrix m = CorpusFolder::ramp(50);
    m.row(row)[col] = value;
    return m;
  };
  const struct {
    std::function<void(const CorpusFolder&)> spoil;
    std::string words;  // after the path of the corpus
    Fault fault = Fault::data;
  } cases[] = {
      {[](auto& f) { f.audio("a", 44100, 22050); }, "/audio/a.wav: sample rate is 44100, corpus.toml says 8000"},
      {[](auto& f) { f.audio("a", 8000, 0); }, "/audio/a.wav: holds no samples"},
      {[](auto& f) { f.write("audio/a.wav", ""); }, "/audio/a.wav: is empty, expected audio"},
      {[](auto& f) { f.write("audio/a.wav", "text"); },
       "/audio/a.wav: is a text file; expected a WAV, FLAC, SPHERE, OGG, MP3, AIFF or AU file"},
      {[](auto& f) { std::filesystem::remove(f / "audio/a.wav"); },
       "/audio/a.wav: cannot read: No such file or directory", Fault::io},
      {[](auto& f) { std::filesystem::remove(f / "art/a.npy"); }, "/art/a.npy: cannot read: No such file or directory",
       Fault::io},
      {[](auto& f) { f.write("art/a.npy", "text"); }, "/art/a.npy: is not a .npy file; save the array with np.save"},
      {[](auto& f) { f.track("a", 0); }, "/art/a.npy: holds no frames"},
      {[](auto& f) { f.track("a", Matrix(50, 3)); }, "/art/a.npy: has 3 channels, corpus.toml lists 2"},
      {[](auto& f) { f.track("a", Matrix(2, 50)); },
       "/art/a.npy: has 2 rows of 50 numbers, expected one row for each frame with 2 numbers; it is transposed, so "
       "save "
       "x.T"},
      {[](auto& f) { f.track("a", Matrix(50, 1)); }, "/art/a.npy: has 1 channel, corpus.toml lists 2"},
      {[&](auto& f) { f.track("a", spoiled(0, 0, INFINITY)); },
       "/art/a.npy: frame 0 of channel \"tt_x\" is inf, expected a finite number, or NaN where it was not measured"},
      {[&](auto& f) { f.track("a", spoiled(49, 1, -INFINITY)); },
       "/art/a.npy: frame 49 of channel \"tt_z\" is -inf, expected a finite number, or NaN where it was not measured"},
      {[](auto& f) { f.track("a", 53); },
       "/art/a.npy: lasts 0.530 s, its audio PATH/audio/a.wav 0.500 s; expected the same within 20 ms"},
      {[](auto& f) { f.track("a", 47); },
       "/art/a.npy: lasts 0.470 s, its audio PATH/audio/a.wav 0.500 s; expected the same within 20 ms"},
      {[](auto& f) { f.audio("a", 8000, 8000); },
       "/art/a.npy: lasts 0.500 s, its audio PATH/audio/a.wav 1.000 s; expected the same within 20 ms"},
  };
  for (const auto& c : cases) {
    const CorpusFolder folder;
    c.spoil(folder);
    std::string words = folder.path() + c.words;
    if (const auto at = words.find("PATH"); at != std::string::npos) words.replace(at, 4, folder.path());
    const Error e = test::thrown_by([&] { read_one(folder); });
    EXPECT_EQ(e.fault(), c.fault);
    EXPECT_EQ(std::string(e.what()), words);
    EXPECT_NO_THROW(read_one(folder, "b"));
  }
}

// Anything but a regular file is refused without waiting for it.
TEST(Recording, PipesAndFoldersAreRefused) {
  const CorpusFolder folder;
  for (const char* name : {"audio/a.wav", "art/a.npy"}) {
    std::filesystem::rename(folder / name, folder / "kept");
    ASSERT_EQ(::mkfifo((folder / name).c_str(), 0600), 0);
    EXPECT_FAULT(read_one(folder), Fault::io, (folder / name) + ": cannot read: is a named pipe, expected a file");
    std::filesystem::remove(folder / name);
    std::filesystem::create_directory(folder / name);
    EXPECT_FAULT(read_one(folder), Fault::io, (folder / name) + ": cannot read: is a folder, expected a file");
    std::filesystem::remove(folder / name);
    std::filesystem::create_symlink("/dev/zero", folder / name);
    EXPECT_FAULT(read_one(folder), Fault::io, (folder / name) + ": cannot read: is a device, expected a file");
    std::filesystem::remove(folder / name);
    std::filesystem::rename(folder / "kept", folder / name);
  }
  std::filesystem::remove(folder / "manifest.tsv");
  ASSERT_EQ(::mkfifo((folder / "manifest.tsv").c_str(), 0600), 0);
  EXPECT_FAULT(read_corpus(folder.path()), Fault::io, "is a named pipe");
}

// 40 parts of one recording, with parts of a second one in between, are the same however they are read, and each
// recording is decoded once. The file is removed after the first read, which shows that it is not opened again.
TEST(Recording, PartsOfOneFileDecodeItOnce) {
  const CorpusFolder folder;
  std::string rows = "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\n";
  for (int i = 0; i < 40; ++i) {
    const std::string file = i % 2 ? "a" : "b", start = std::to_string(i / 2 * 0.02),
                      end = std::to_string(i / 2 * 0.02 + 0.1);
    rows += "u" + std::to_string(i) + "\ts\ttrain\taudio/" + file + ".wav\tart/" + file + ".npy\t" + start + "\t" +
            end + "\n";
  }
  folder.write("manifest.tsv", rows);
  const Corpus corpus = read_corpus(folder.path());
  std::vector<const Utterance*> all;
  for (const Utterance& u : corpus.utterances) all.push_back(&u);
  const std::vector<std::size_t> order = by_recording(all);
  ASSERT_EQ(order.size(), 40u);
  for (std::size_t i = 0; i < 40; ++i) EXPECT_EQ(order[i], i < 20 ? 2 * i : 2 * (i - 20) + 1);

  std::vector<Recording> want;
  for (const std::size_t i : order) want.push_back(read_recording(corpus, *all[i]));
  RecordingReader reader(corpus, 1);
  reader.read(*all[0]);
  reader.read(*all[1]);
  for (const char* name : {"audio/a.wav", "audio/b.wav", "art/a.npy", "art/b.npy"})
    std::filesystem::remove(folder / name);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Recording got = reader.read(*all[order[i]]);
    EXPECT_EQ(got.samples, want[i].samples);
    EXPECT_EQ(got.track.values.values, want[i].track.values.values);
    EXPECT_EQ(got.track.first_s, want[i].track.first_s);
  }
}

TEST(Recording, ChannelsThatDifferAreNoted) {
  const CorpusFolder folder;
  const auto le = [](int v, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(v >> (8 * i) & 255);
    return out;
  };
  std::string data;
  for (int i = 0; i < 4000; ++i) data += le(i, 2) + le(-i, 2);
  const std::string wav = "RIFF" + le(36 + 16000, 4) + "WAVEfmt " + le(16, 4) + le(1, 2) + le(2, 2) + le(8000, 4) +
                          le(32000, 4) + le(4, 2) + le(16, 2) + "data" + le(16000, 4) + data;
  folder.write("audio/a.wav", wav);
  EXPECT_EQ(read_one(folder).notes.size(), 1u);
  EXPECT_TRUE(read_one(folder, "b").notes.empty());
  const Corpus second = read_corpus(folder.path(), {.channel = 2});
  EXPECT_EQ(read_recording(second, second.utterances[0]).samples[5], -5 / 32768.0f);
  AudioNotes notes;
  EXPECT_EQ(notes.summary(), "");
  for (const char* file : {"a.wav", "b.wav", "b.wav", "c.wav"}) notes.add(file, {"is odd"});
  EXPECT_EQ(notes.summary(), "a.wav: is odd (and 2 more files like it)");
}

TEST(Recording, NonFiniteSampleIsNamed) {
  const CorpusFolder folder;
  std::string wav = "RIFF\x2C";  // 36 + 8 bytes, float, one channel
  wav += std::string("\0\0\0WAVEfmt \x10\0\0\0\3\0\1\0\x40\x1F\0\0\0\x7D\0\0\4\0\x20\0data\x8\0\0\0", 39);
  wav += std::string("\0\0\0\0\0\0\xC0\x7F", 8);
  folder.write("audio/a.wav", wav);
  EXPECT_FAULT(read_one(folder), Fault::data,
               (folder / "audio/a.wav") + ": sample 1 of channel 1 is nan, expected a finite number");
}

TEST(Recording, LengthsMayDifferByTwentyMillisecondsOrOneFrame) {
  const CorpusFolder folder;
  for (const Index frames : {48, 50, 52}) {
    folder.track("a", frames);
    EXPECT_EQ(read_one(folder).track.values.rows, frames);
  }
  folder.write("corpus.toml", [] {
    std::string slow = CorpusFolder::kToml;
    return slow.replace(slow.find("100.0"), 5, "20.0");
  }());
  folder.track("a", 11);  // 0.55 s: one frame of 50 ms more
  EXPECT_NO_THROW(read_one(folder));
  folder.track("a", 12);
  EXPECT_FAULT(read_one(folder), Fault::data, "expected the same within 50 ms");
}

TEST(Recording, PartOfAFile) {
  const CorpusFolder folder;
  const std::string header = "id\tspeaker\tsplit\taudio\tarticulation\tstart_s\tend_s\n",
                    row = "a\ts\ttrain\taudio/a.wav\tart/a.npy\t";
  folder.write("manifest.tsv", header + row + "0.104\t0.3\n");
  Recording r = read_one(folder);
  ASSERT_EQ(r.samples.size(), 1568u);  // 832 .. 2400
  EXPECT_EQ(r.samples[0], 832 / 32768.0f);
  EXPECT_EQ(r.track.values.row(0)[0], 10);  // the frame before the first sample
  EXPECT_NEAR(r.track.first_s, -0.004, 1e-12);
  EXPECT_EQ(r.track.values.row(r.track.values.rows - 1)[0], 30);  // and the one at or after the end
  // Time 0 of the part is 0.104 s of the file, where the ramp is at 10.4.
  EXPECT_NEAR(at_times(r.track, 0, 0.01, 1).row(0)[0], 10.4f, 1e-5);

  folder.write("manifest.tsv", header + row + "0.25\t\n");
  r = read_one(folder);
  EXPECT_EQ(r.samples.size(), 2000u);
  EXPECT_EQ(r.track.first_s, 0);
  EXPECT_EQ(r.track.values.rows, 25);
  folder.write("manifest.tsv", header + row + "\t0.25\n");
  EXPECT_EQ(read_one(folder).samples.size(), 2000u);
  folder.write("manifest.tsv", header + row + "\t0.515\n");  // within 20 ms of the end
  EXPECT_EQ(read_one(folder).samples.size(), 4000u);

  folder.write("manifest.tsv", header + row + "0.4\t0.6\n");
  EXPECT_FAULT(read_one(folder), Fault::data,
               (folder / "audio/a.wav") + ": lasts 0.500 s, manifest.tsv:2 asks for 0.400 s to 0.600 s");
  folder.write("manifest.tsv", header + row + "0.6\t\n");
  EXPECT_FAULT(read_one(folder), Fault::data, "lasts 0.500 s, manifest.tsv:2 asks for 0.600 s to the end");
  folder.write("manifest.tsv", header + row + "0.1\t0.10001\n");
  EXPECT_FAULT(read_one(folder), Fault::data, "start_s and end_s in manifest.tsv:2 select no samples");
  folder.track("a", 30);
  folder.write("manifest.tsv", header + row + "0.1\t0.4\n");
  EXPECT_FAULT(read_one(folder), Fault::data, (folder / "art/a.npy") + ": lasts 0.300 s");
}

Track track_of(double rate, double first_s, Index frames) { return {rate, first_s, CorpusFolder::ramp(frames)}; }

// On a ramp, linear interpolation at a time gives that time in frames: column 0 is (t - first) rate.
TEST(AtTimes, ValuesBelongToTheFrameCentres) {
  for (const double rate : {100.0, 250.0, 145.6, 60.0})
    for (const double first : {0.0, -0.004, 0.0125})
      for (const double step : {0.01, 0.005, 0.0116}) {
        const Track t = track_of(rate, first, 80);
        const Matrix m = at_times(t, 0.0125, step, 10000);
        const double last = first + 79 / rate;
        EXPECT_EQ(m.rows, static_cast<Index>(std::floor((last - 0.0125) / step + 1e-9)) + 1)
            << rate << " " << first << " " << step;
        for (Index k = 0; k < m.rows; ++k) {
          const double want = (0.0125 + static_cast<double>(k) * step - first) * rate;
          ASSERT_NEAR(m.row(k)[0], want, 1e-4) << k;
          ASSERT_NEAR(m.row(k)[1], 1000 - 2 * want, 1e-3) << k;
        }
      }
}

TEST(AtTimes, GridThatCoincidesKeepsTheLastFrame) {
  const Track t = track_of(250, 0, 51);
  const Matrix m = at_times(t, 0, 0.01, 1000);  // every 2.5 frames; frame 50 is at 0.2 s
  EXPECT_EQ(m.rows, 21);
  EXPECT_EQ(m.row(20)[0], 50);
  EXPECT_EQ(at_times(track_of(100, 0, 7), 0, 0.01, 7).values, CorpusFolder::ramp(7).values);
}

TEST(AtTimes, EdgesAndCounts) {
  const Track t = track_of(100, 0.05, 10);
  const Matrix m = at_times(t, 0, 0.01, 8);
  ASSERT_EQ(m.rows, 8);
  for (Index k = 0; k <= 5; ++k) EXPECT_EQ(m.row(k)[0], 0) << k;  // before the first sample: its value
  EXPECT_NEAR(m.row(7)[0], 2, 1e-5);
  EXPECT_EQ(at_times(t, 1, 0.01, 5).rows, 0);
  EXPECT_EQ(at_times(t, 0, 0.01, 0).rows, 0);
  EXPECT_EQ(at_times(track_of(100, 0, 1), 0, 0.01, 5).rows, 1);
  EXPECT_FAULT(at_times(Track{}, 0, 0.01, 1), Fault::internal, "no frames or no rate");
}

}  // namespace
}  // namespace cutract
