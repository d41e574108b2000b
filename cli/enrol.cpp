#include "cli/enrol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <vector>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/missing.h"
#include "host/core/text.h"
#include "host/corpus/corpus.h"
#include "host/io/npy.h"

namespace cutract::cli {
namespace {

std::string channels_text(const std::vector<Channel>& channels) {
  std::string out;
  for (const Channel& c : channels) out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", c.name, c.unit);
  return out;
}

void expect_channels(const Corpus& corpus, const TrainedModel& m) {
  const auto same = [](const Channel& a, const Channel& b) { return a.name == b.name && a.unit == b.unit; };
  if (std::equal(corpus.channels.begin(), corpus.channels.end(), m.channels.begin(), m.channels.end(), same)) return;
  fail(Fault::data, fmt::format("--enrol {}: has the channels {}, expected those of the model in the same order: {}",
                                corpus.dir, channels_text(corpus.channels), channels_text(m.channels)));
}

void expect_one_speaker(const Corpus& corpus) {
  std::set<std::string> speakers;
  for (const Utterance& u : corpus.utterances) speakers.insert(u.speaker);
  if (speakers.size() < 2) return;
  fail(Fault::data, fmt::format("--enrol {}: holds {} speakers, expected the recordings of one; make a corpus folder "
                                "whose manifest.tsv lists only this speaker",
                                corpus.dir, speakers.size()));
}

// The tracks of all utterances, one after the other.
Matrix tracks_of(const std::string& dir, const TrainedModel& m) {
  Corpus corpus = read_corpus(dir);
  corpus.fill_gaps_ms = m.config.data.fill_gaps_ms;
  expect_channels(corpus, m);
  expect_one_speaker(corpus);
  Matrix all(0, static_cast<Index>(corpus.channels.size()));
  for (const Utterance& u : corpus.utterances) {
    const Matrix track = read_recording(corpus, u).track.values;
    all.values.insert(all.values.end(), track.values.begin(), track.values.end());
    all.rows += track.rows;
  }
  return all;
}

Matrix frames_of(const std::string& path, const TrainedModel& m) {
  Matrix frames = read_npy(path);
  const auto channels = std::ssize(m.channels);
  if (frames.cols != channels)
    fail(Fault::data, fmt::format("--enrol {}: has {}, expected the {} channels of the model: {}", path,
                                  counted(frames.cols, "column"), channels, channels_text(m.channels)));
  for (Index t = 0; t < frames.rows; ++t)
    for (Index c = 0; c < channels; ++c)
      if (const float v = frames.row(t)[c]; std::isinf(v))
        fail(Fault::data,
             fmt::format("--enrol {}: row {} (counted from 0) of channel {} is {}, expected a finite number, or NaN "
                         "where it was not measured",
                         path, t, m.channels[static_cast<std::size_t>(c)].name, v));
  return frames;
}

// Says which channels keep the statistics of the training data, because they were not measured. Throws Error{data} if
// none was.
void warn_of_missing(const std::string& path, const Matrix& measured, const TrainedModel& m) {
  std::string lacking;
  Index there = 0;
  for (Index c = 0; c < measured.cols; ++c) {
    bool any = false;
    for (Index t = 0; t < measured.rows && !any; ++t) any = !is_missing(measured.row(t)[c]);
    there += any ? 1 : 0;
    if (!any) lacking += (lacking.empty() ? "" : ", ") + m.channels[static_cast<std::size_t>(c)].name;
  }
  if (there == 0) fail(Fault::data, fmt::format("--enrol {}: all values are missing (NaN), expected movement", path));
  if (!lacking.empty())
    log::warn(fmt::format("--enrol {}: never measured: {}; predicted with the statistics of the training data", path,
                          lacking));
}

double middle(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

// An array does not say its units, but centimetres and metres would be off by 10 or more in all channels.
void warn_of_units(const std::string& path, const Normaliser& own, const std::string& speaker, const TrainedModel& m) {
  constexpr double kFar = 5;
  const std::vector<double> here = own.unit_per_z(speaker), there = m.targets.statistics("").std;
  std::vector<double> ratios;
  for (std::size_t c = 0; c < here.size(); ++c) ratios.push_back(here[c] / there[c]);
  const double ratio = middle(ratios);
  if (ratio > 1 / kFar && ratio < kFar) return;
  log::warn(
      fmt::format("--enrol {}: its channels move {:.2g} times as far as those of the training speakers; check that it "
                  "has the model's channels and units: {}",
                  path, ratio, channels_text(m.channels)));
}

}  // namespace

Normaliser enrolled(const TrainedModel& m, const std::string& speaker, const std::string& path) {
  std::error_code ignored;
  const bool folder = std::filesystem::is_directory(path, ignored);
  const Matrix measured = folder ? tracks_of(path, m) : frames_of(path, m);
  if (measured.rows < 2)
    fail(Fault::data, fmt::format("--enrol {}: holds {}, expected at least 2, and better a minute of varied speech",
                                  path, counted(measured.rows, "frame")));
  warn_of_missing(path, measured, m);
  Normaliser targets = m.targets;
  targets.enrol(speaker, measured.view(), path);
  warn_of_units(path, targets, speaker, m);
  return targets;
}

}  // namespace cutract::cli
