#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/corpus/importers.h"
#include "host/io/audio.h"
#include "tests/support/support.h"

namespace cutract::test {

// A folder of one second of audio for each recording, and what a test puts beside it.
class TableFolder {
 public:
  explicit TableFolder(std::string format = "table") : format_(std::move(format)) {}

  void audio(const std::string& name, double seconds = 1, int rate = 8000) const {
    folder_.write(name + ".wav", "");
    Audio a{rate, {}};
    const auto samples = static_cast<int>(seconds * rate);
    for (int i = 0; i < samples; ++i)
      a.samples.push_back(0.3F * static_cast<float>(std::sin(0.1 * i + static_cast<double>(name.size()))));
    write_audio(folder_ / (name + ".wav"), a);
  }
  std::string write(const std::string& name, const std::string& bytes) const { return folder_.write(name, bytes); }
  // Rows at 100 Hz: the time, t and 100 - t in frames.
  static std::string table(int rows = 100, const std::string& separator = ",") {
    std::string text = "time" + separator + "tt_x" + separator + "tt_y\n";
    for (int k = 0; k < rows; ++k)
      text += std::to_string(k / 100.0) + separator + std::to_string(k) + separator + std::to_string(100 - k) + "\n";
    return text;
  }
  ImportReport run(const std::map<std::string, std::string>& options = {}) const {
    return importer_named(format_).run({folder_.path(), out(), options});
  }
  // Runs the import and returns what it says.
  std::string says(const std::map<std::string, std::string>& options = {}) const {
    testing::internal::CaptureStderr();
    std::string error;
    try {
      run(options);
    } catch (const Error& e) { error = e.what(); }
    return testing::internal::GetCapturedStderr() + error;
  }
  std::string path() const { return folder_.path(); }
  std::string out() const { return out_ / "out"; }
  std::string operator/(const std::string& name) const { return folder_ / name; }

 private:
  std::string format_;
  TempFolder folder_, out_;
};

}  // namespace cutract::test
