#pragma once

#include <string>
#include <vector>

#include "host/core/view.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "tests/support/support.h"

namespace cutract::test {

// A small corpus: two channels at 100 Hz, audio at 8000 Hz, three utterances of half a second in three splits.
class CorpusFolder {
 public:
  static constexpr const char* kToml =
      "name = \"tiny\"\n"
      "provenance = \"made by a test\"\n"
      "licence = \"CC0-1.0\"\n"
      "sample_rate = 8000\n"
      "articulation_rate_hz = 100.0\n"
      "channels = [\n"
      "  { name = \"tt_x\", unit = \"mm\" },\n"
      "  { name = \"tt_z\", unit = \"mm\" },\n"
      "]\n";
  static constexpr const char* kHeader = "id\tspeaker\tsplit\taudio\tarticulation\n";

  CorpusFolder() {
    write("corpus.toml", kToml);
    write("manifest.tsv", std::string(kHeader) +
                              "a\ts1\ttrain\taudio/a.wav\tart/a.npy\nb\ts1\tval\taudio/b.wav\tart/b.npy\n" +
                              "c\ts2\ttest\taudio/c.wav\tart/c.npy\n");
    make_folder(folder_ / "audio");
    for (const std::string id : {"a", "b", "c"}) {
      audio(id, 8000, 4000);
      track(id, 50);
    }
  }
  std::string path() const { return folder_.path(); }
  std::string operator/(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& bytes) const { return folder_.write(name, bytes); }
  void manifest(const std::string& rows) const { write("manifest.tsv", kHeader + rows); }

  // Sample i is i / 32768, so that a cut shows where it began.
  void audio(const std::string& id, int rate, int samples) const {
    Audio a{rate, {}};
    for (int i = 0; i < samples; ++i) a.samples.push_back(static_cast<float>(i) / 32768);
    write_audio(folder_ / ("audio/" + id + ".wav"), a);
  }
  // Row t is (t, 1000 - 2 t).
  static Matrix ramp(Index frames) {
    Matrix m(frames, 2);
    for (Index t = 0; t < frames; ++t) {
      m.row(t)[0] = static_cast<float>(t);
      m.row(t)[1] = static_cast<float>(1000 - 2 * t);
    }
    return m;
  }
  void track(const std::string& id, Index frames) const { track(id, ramp(frames)); }
  void track(const std::string& id, const Matrix& m) const { write("art/" + id + ".npy", encode_npy(m.view())); }

 private:
  TempFolder folder_;
};

}  // namespace cutract::test
