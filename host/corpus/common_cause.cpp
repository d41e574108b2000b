#include "host/corpus/common_cause.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <vector>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/slack.h"
#include "host/io/audio.h"
#include "host/io/input_file.h"
#include "host/io/npy.h"

namespace cutract {
namespace {

constexpr std::size_t kMost = 100;

// What the files of one utterance are like, whatever corpus.toml says.
struct Shape {
  int sample_rate = 0;
  double audio_s = 0;
  Index rows = 0, cols = 0;
};

std::optional<Shape> shape_of(const Corpus& corpus, const Utterance& u) {
  const auto path = [&](const std::string& file) { return file.starts_with('/') ? file : corpus.dir + "/" + file; };
  try {
    const Audio audio = read_audio_file(path(u.audio), corpus.audio);
    const std::string track_path = path(u.articulation);
    const Matrix track = decode_npy(read_regular_file(track_path), track_path);
    return Shape{audio.sample_rate, static_cast<double>(audio.samples.size()) / audio.sample_rate, track.rows,
                 track.cols};
  } catch (const Error&) { return std::nullopt; }
}

// Returns the rate at which every track lasts as long as its audio; 0 if there is none.
double fitting_rate(std::span<const Shape> shapes) {
  std::vector<double> rates;
  rates.reserve(shapes.size());
  for (const Shape& s : shapes) rates.push_back(static_cast<double>(s.rows) / s.audio_s);
  std::nth_element(rates.begin(), rates.begin() + std::ssize(rates) / 2, rates.end());
  const double middle = rates[rates.size() / 2];
  const double rate = std::round(middle) > 0 && std::abs(middle / std::round(middle) - 1) < 0.01
                          ? std::round(middle)
                          : std::round(middle * 10) / 10;
  const bool fits = rate > 0 && std::all_of(shapes.begin(), shapes.end(), [&](const Shape& s) {
                      return std::abs(static_cast<double>(s.rows) / rate - s.audio_s) <= slack_s(rate) + 1e-9;
                    });
  return fits ? rate : 0;
}

bool all_equal(std::span<const Shape> shapes, const std::function<Index(const Shape&)>& value) {
  return std::all_of(shapes.begin(), shapes.end(), [&](const Shape& s) { return value(s) == value(shapes.front()); });
}

}  // namespace

std::string common_cause(const Corpus& corpus, std::span<const Utterance* const> utterances) {
  if (utterances.size() < 2) return "";
  std::vector<Shape> shapes;
  bool whole = true;  // no utterance is a part of its files
  for (const Utterance* u : utterances.first(std::min(utterances.size(), kMost))) {
    const std::optional<Shape> shape = shape_of(corpus, *u);
    if (!shape) return "";
    shapes.push_back(*shape);
    whole = whole && u->start_s == 0 && u->end_s < 0;
  }
  const std::string where = corpus.dir + "/corpus.toml: ";
  const auto all_of = [&](const char* many) {
    return fmt::format("{} {} {}", shapes.size() < utterances.size() ? "the first" : "all", shapes.size(), many);
  };
  std::vector<std::string> causes;
  const Shape& first = shapes.front();
  const auto channels = static_cast<Index>(corpus.channels.size());
  if (first.sample_rate != corpus.sample_rate && all_equal(shapes, [](const Shape& s) { return s.sample_rate; }))
    causes.push_back(fmt::format("{}sample_rate is {}, but {} have {} Hz; set sample_rate = {}", where,
                                 corpus.sample_rate, all_of("audio files"), first.sample_rate, first.sample_rate));
  const bool transposed = std::all_of(shapes.begin(), shapes.end(),
                                      [&](const Shape& s) { return s.rows == channels && s.cols != channels; });
  if (transposed)
    causes.push_back(
        fmt::format("{}: {} have {} rows, as many as there are channels, expected one row for each frame; they "
                    "are transposed, so save x.T",
                    corpus.dir, all_of("arrays"), channels));
  else if (first.cols != channels && all_equal(shapes, [](const Shape& s) { return s.cols; }))
    causes.push_back(fmt::format("{}channels lists {}, but {} have {}; list one channel for each column", where,
                                 channels, all_of("arrays"), counted(first.cols, "column")));
  const double rate = whole && !transposed ? fitting_rate(shapes) : 0;
  if (rate > 0 && std::abs(rate / corpus.articulation_rate_hz - 1) > 0.01)
    causes.push_back(fmt::format(
        "{}articulation_rate_hz is {}, but {} last as long as their audio at {} Hz; set "
        "articulation_rate_hz = {}",
        where, number_text(corpus.articulation_rate_hz), all_of("arrays"), number_text(rate), number_text(rate)));
  return listed(causes);
}

}  // namespace cutract
