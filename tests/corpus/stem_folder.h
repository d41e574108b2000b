#pragma once

#include <gtest/gtest.h>
#include <matio.h>

#include <cmath>
#include <numbers>
#include <string>

#include "host/corpus/importers.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "tests/support/support.h"

namespace cutract::test {

constexpr int kFrames = 100, kColumns = 42;  // 0.4 s

inline float position(int t, int column) {
  return static_cast<float>(column) + static_cast<float>(std::sin(0.02 * t * (1 + column % 5)));
}

inline ImportReport import_stem_e2va(const std::string& source, const std::string& out) {
  return importer_named("stem-e2va").run({source, out});
}

// A folder like the published one, of utterances of 0.4 s.
class StemFolder {
 public:
  StemFolder() {
    make_folder(folder_ / "audio");
    make_folder(folder_ / "ema");
    add("CXYNE01", "CXY", "train", "01");
    add("CXYNE02", "CXY", "val", "02");
    add("DPIA04", "DP", "test", "04");
    save();
  }
  void add(const std::string& id, const std::string& speaker, const std::string& split, const std::string& text) {
    rows_ += id + "\t" + speaker + "\tNE\t" + text + "\t" + split + "\taudio/" + id + ".flac\tema/" + id + ".mat\n";
    audio(id, 19200);
    ema(id, id, kFrames, kColumns);
  }
  void audio(const std::string& id, int samples) const {
    Audio a{48000, {}};
    for (int i = 0; i < samples; ++i)
      a.samples.push_back(0.3f * static_cast<float>(std::sin(2 * std::numbers::pi * 440 * i / 48000)));
    write_audio(folder_ / ("audio/" + id + ".flac"), a);
  }
  void ema(const std::string& id, const std::string& variable, int frames, int columns, int nan_at = -1) const {
    std::vector<double> values;  // columns together
    for (int c = 0; c < columns; ++c)
      for (int t = 0; t < frames; ++t) values.push_back(t == nan_at && c == 8 ? std::nan("") : double{position(t, c)});
    mat_t* file = Mat_CreateVer((folder_ / ("ema/" + id + ".mat")).c_str(), nullptr, MAT_FT_MAT5);
    std::size_t dims[] = {static_cast<std::size_t>(frames), static_cast<std::size_t>(columns)};
    matvar_t* v = Mat_VarCreate(variable.c_str(), MAT_C_DOUBLE, MAT_T_DOUBLE, 2, dims, values.data(), 0);
    EXPECT_EQ(Mat_VarWrite(file, v, MAT_COMPRESSION_ZLIB), 0);
    Mat_VarFree(v);
    Mat_Close(file);
  }
  void save() const { manifest("id\tspeaker\temotion\ttext\tsplit\taudio\tema\n" + rows_); }
  void manifest(const std::string& text) const { folder_.write("manifest.tsv", text); }
  std::string path() const { return folder_.path(); }
  std::string out() const { return folder_ / "out"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  TempFolder folder_;
  std::string rows_;
};

}  // namespace cutract::test
