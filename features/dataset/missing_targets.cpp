#include "features/dataset/missing_targets.h"

#include <fmt/format.h>

#include "host/core/error.h"
#include "host/core/missing.h"
#include "host/core/text.h"

namespace cutract {
namespace {

// "tt_x", "tt_x and tt_y", "tt_x, tt_y and 3 more".
std::string channel_names(std::span<const Index> which, std::span<const Channel> channels) {
  constexpr std::size_t kNamed = 10;
  std::string out;
  for (std::size_t i = 0; i < std::min(which.size(), kNamed); ++i) {
    const bool last = i + 1 == which.size();
    out += (i == 0 ? "" : last ? " and " : ", ") + channels[static_cast<std::size_t>(which[i])].name;
  }
  return which.size() > kNamed ? fmt::format("{} and {} more", out, which.size() - kNamed) : out;
}

std::vector<Index> zeros_in(const std::vector<Index>& counts) {
  std::vector<Index> out;
  for (std::size_t c = 0; c < counts.size(); ++c)
    if (counts[c] == 0) out.push_back(static_cast<Index>(c));
  return out;
}

// Adds how many values each channel of an utterance has.
void count(const Matrix& targets, std::vector<Index>& counts) {
  counts.resize(static_cast<std::size_t>(targets.cols));
  for (Index t = 0; t < targets.rows; ++t)
    for (Index c = 0; c < targets.cols; ++c)
      if (!is_missing(targets.row(t)[c])) ++counts[static_cast<std::size_t>(c)];
}

}  // namespace

MissingTargets missing_targets(std::span<const Example> examples) {
  MissingTargets out;
  std::map<std::string, std::vector<Index>> by_speaker;
  std::vector<Index> all;
  Index measured = 0;
  for (const Example& e : examples) {
    std::vector<Index> own;
    count(e.targets, own);
    count(e.targets, by_speaker[e.speaker]);
    count(e.targets, all);
    Index values = 0;
    for (const Index n : own) values += n;
    measured += values;
    if (values == 0) ++out.utterances;
    out.values += e.targets.rows * e.targets.cols;
  }
  out.missing = out.values - measured;
  out.channels = zeros_in(all);
  for (const auto& [speaker, counts] : by_speaker) {
    std::vector<Index> lacking = zeros_in(counts);
    std::erase_if(lacking, [&](Index c) { return all[static_cast<std::size_t>(c)] == 0; });
    if (!lacking.empty()) out.lacking[speaker] = std::move(lacking);
  }
  return out;
}

std::string missing_text(const MissingTargets& m) {
  if (m.missing == 0) return "";
  return fmt::format("{} of {} {} missing ({:.1f} %)", m.missing, counted(m.values, "target value"),
                     m.missing == 1 ? "is" : "are",
                     100.0 * static_cast<double>(m.missing) / static_cast<double>(m.values));
}

std::string lacking_text(const MissingTargets& m, std::span<const Channel> channels) {
  std::string out;
  for (const auto& [speaker, which] : m.lacking)
    out += fmt::format("{}{} of speaker {}", out.empty() ? "" : "; ", channel_names(which, channels), speaker);
  return out;
}

void expect_measured(const MissingTargets& m, std::span<const Channel> channels, const std::string& origin,
                     const std::string& split, bool all) {
  if (m.values == 0) return;
  if (m.missing == m.values)
    fail(Fault::data, fmt::format("{}: all target values in split \"{}\" are missing (NaN), expected at least one; "
                                  "check that the arrays of the column articulation hold the movement",
                                  origin, split));
  if (all && !m.channels.empty())
    fail(Fault::data, fmt::format("{}: {} never measured in split \"{}\", so there is nothing to learn; leave {} out "
                                  "of the corpus",
                                  origin,
                                  (m.channels.size() == 1 ? "channel " : "channels ") +
                                      channel_names(m.channels, channels) + (m.channels.size() == 1 ? " is" : " are"),
                                  split, m.channels.size() == 1 ? "it" : "them"));
}

}  // namespace cutract
