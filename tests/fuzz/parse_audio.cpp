#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "host/core/text.h"
#include "host/io/audio.h"
#include "host/io/audio_container.h"
#include "host/io/file_kind.h"
#include "tests/fuzz/parsers.h"

namespace cutract::fuzz {

void parse_audio(std::string_view bytes) {
  constexpr std::int64_t kMost = std::int64_t{1} << 18;
  const Audio audio = decode_audio(bytes, "a.wav", {.channel = 0, .most_samples = kMost});
  expect(audio.sample_rate >= kLowestRate && audio.sample_rate <= kHighestRate, "the sample rate is out of range");
  expect(!audio.samples.empty(), "there are no samples");
  expect(static_cast<std::int64_t>(audio.samples.size()) <= kMost, "there are more samples than allowed");
  const bool finite = std::all_of(audio.samples.begin(), audio.samples.end(), [](float v) { return std::isfinite(v); });
  expect(finite, "a sample is not finite");
}

void parse_audio_container(std::string_view bytes) {
  const AudioContainer container = inspect_audio(bytes, "a.wav");
  expect(container.frames >= -1, "the number of frames is negative");
  expect(container.bytes.size() <= bytes.size(), "the part without tags is longer than the file");
}

void parse_file_text(std::string_view bytes) {
  const std::string shown = printable(bytes);
  expect(is_utf8(shown), "printable text is not UTF-8");
  expect(printable(shown) == shown, "printable text changes when it is made printable again");
  const auto control = [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7F; };
  expect(std::none_of(shown.begin(), shown.end(), control), "printable text holds a control character");
  constexpr std::size_t kMost = 60;
  expect(shortened(shown, kMost).size() <= kMost + 3, "a shortened name is too long");
  expect(is_utf8(shortened(shown, kMost)), "a shortened name is cut inside a character");
  expect(foreign_kind(bytes).find('\n') == std::string::npos, "the kind of a file is not one sentence");
  wrong_encoding(bytes);
  toml_problem(without_mark(bytes));
  refuse_git_lfs_pointer(bytes, "a.wav");
}

}  // namespace cutract::fuzz
