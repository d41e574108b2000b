#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "eval/metrics.h"
#include "host/core/text.h"

namespace cutract {
namespace {

constexpr int kColumns = 80, kNameWidth = 16, kUnitWidth = 6;

// Returns the columns that a text takes on a terminal, for names in any alphabet of single-width letters.
int width(const std::string& utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Names come from files, so they are also made printable here.
std::string clip(const std::string& name, int columns) {
  std::string out = printable(name);
  if (width(out) <= columns) return out;
  while (width(out) > columns - 2) out.pop_back();
  // The loop stops right after it took a first byte, so no letter is cut in half.
  return out + "..";
}

std::string left(const std::string& text, int columns) {
  const std::string shown = clip(text, columns);
  return shown + std::string(static_cast<std::size_t>(columns - width(shown)), ' ');
}

// Formats a number at most `columns` wide: fixed decimals, or two digits and an exponent if those do not fit.
std::string digits(double v, int decimals, int columns) {
  const std::string text = fmt::format("{:.{}f}", v, decimals);
  return static_cast<int>(text.size()) <= columns ? text : fmt::format("{:.2g}", v);
}

// Formats a right-aligned cell; one column stays free.
std::string number(std::optional<double> v, int decimals, int columns) {
  return fmt::format("{:>{}}", v ? digits(*v, decimals, columns - 1) : "-", columns);
}

// Returns enough decimals for three digits of the largest value, so that a column of numbers lines up.
int decimals_for(double largest) {
  if (!(largest > 0) || !std::isfinite(largest)) return 2;
  return std::clamp(largest < 1 ? 2 - static_cast<int>(std::floor(std::log10(largest))) : largest < 100 ? 2 : 1, 0, 6);
}

class Ink {
 public:
  explicit Ink(bool on) : on_(on) {}
  std::string bold(const std::string& s) const { return paint("1", s); }
  std::string good(const std::string& s) const { return paint("32", s); }
  std::string bad(const std::string& s) const { return paint("31", s); }
  std::string faint(const std::string& s) const { return paint("2", s); }

 private:
  std::string paint(const char* code, const std::string& s) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, s) : s;
  }
  bool on_;
};

std::string header(const Scores& s, const Ink& ink) {
  std::vector<std::string> parts{thousands(s.utterances, "utterance", "utterances"),
                                 thousands(static_cast<Index>(s.speakers.size()), "speaker", "speakers"),
                                 thousands(s.frames, "frame", "frames")};
  const double minutes = static_cast<double>(s.frames) * s.frame_step_s / 60;
  if (minutes > 0)
    parts.push_back(minutes < 100 ? fmt::format("{:.1f} min", minutes) : fmt::format("{:.1f} h", minutes / 60));
  const std::string name = clip(s.split, kNameWidth) + " split:";
  std::string out = ink.bold(name);
  int at = width(name);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string part = parts[i] + (i + 1 < parts.size() ? "," : "");
    const bool fits = at + 1 + width(part) <= kColumns;
    out += (fits ? " " : "\n  ") + part;
    at = (fits ? at + 1 : 2) + width(part);
  }
  const char* scored[] = {"z: in standard deviations of the training data. All frames are scored, including",
                          "silence."};
  out += "\n" + ink.faint(scored[0]) + "\n" + ink.faint(scored[1]) + "\n";
  if (s.missing > 0) out += ink.faint(missing_text(s) + " and not scored.") + "\n";
  return out;
}

// A score over `values`, of which some are missing.
std::optional<double> if_measured(double v, Index missing, Index values) {
  return missing < values || values == 0 ? std::optional(v) : std::nullopt;
}

std::string target_text(const Goal& t, int decimals, const Ink& ink) {
  return fmt::format("   target {} {:<8.{}f}{}", t.metric == "pearson" ? ">=" : "<=", t.target, decimals,
                     t.met ? ink.good("met") : ink.bad("not met"));
}

// The four metrics, each with its target if the config sets one.
std::string headline(const Scores& s, const Ink& ink) {
  std::string out;
  for (const Metric& m : headline_metrics(s)) {
    out += "  " + left(m.label, 13) + ink.bold(number(m.value, m.decimals, 9));
    for (const Goal& t : s.goals)
      if (t.metric == m.key) out += target_text(t, m.decimals, ink);
    out += "\n";
  }
  if (s.goals.empty()) return out;
  const auto met = std::count_if(s.goals.begin(), s.goals.end(), [](const Goal& t) { return t.met; });
  return out + fmt::format("  {} of {} met\n", met, thousands(std::ssize(s.goals), "target", "targets"));
}

std::string in_words(const Scores& s) {
  std::string out;
  if (s.rmse_units) {
    const auto channels = std::count_if(s.channels.begin(), s.channels.end(),
                                        [&](const ChannelScore& c) { return c.unit == s.rmse_units_name; });
    const std::string unit = clip(s.rmse_units_name, kNameWidth);
    out += fmt::format("  RMSE                   {} {} ({} in {})\n",
                       digits(*s.rmse_units, decimals_for(*s.rmse_units), 9), unit,
                       thousands(channels, "channel", "channels"), unit);
  }
  out += fmt::format("  mean r per utterance   {}\n",
                     s.pearson_utterance ? fmt::format("{:.3f}", *s.pearson_utterance) : "-");
  const double percent = std::abs(100 * s.skill);
  const std::string base = fmt::format("always predicting the mean (RMSE {})", digits(s.rmse_mean_predictor, 3, 8));
  if (percent < 0.5) return out + "  no less squared error than " + base + "\n";
  const std::string amount = percent < 1000 ? fmt::format("{:.0f} %", percent) : "over 1000 %";
  return out + fmt::format("  {} {} squared error than {}\n", amount, s.skill > 0 ? "less" : "more", base);
}

std::string channel_table(const Scores& s, const Ink& ink) {
  double largest = 0;
  for (const ChannelScore& c : s.channels) largest = std::max(largest, c.rmse_units);
  const int decimals = decimals_for(largest);
  const bool gaps = s.missing > 0;
  std::string out =
      ink.bold(fmt::format("{}{:>8}{:>8}{:>10} {}{:>8}{}", left("channel", kNameWidth), "RMSE z", "MAE z", "RMSE",
                           left("unit", kUnitWidth), "r", gaps ? fmt::format("{:>13}", "missing") : "")) +
      "\n";
  for (const ChannelScore& c : s.channels) {
    out += left(c.name, kNameWidth) + number(if_measured(c.rmse, c.missing, s.frames), 3, 8) +
           number(if_measured(c.mae, c.missing, s.frames), 3, 8) +
           number(if_measured(c.rmse_units, c.missing, s.frames), decimals, 10) + " " + left(c.unit, kUnitWidth) +
           number(c.pearson, 3, 8) + (gaps ? fmt::format("{:>13}", thousands(c.missing)) : "") + "\n";
  }
  return out;
}

std::string speaker_table(const Scores& s, const Ink& ink) {
  double largest = 0;
  for (const SpeakerScore& p : s.speakers) largest = std::max(largest, p.rmse_units.value_or(0));
  const int decimals = decimals_for(largest);
  std::string out = ink.bold(fmt::format("{}{:>8}{:>8}{:>10} {}{:>8}{:>8}{:>13}", left("speaker", kNameWidth), "RMSE z",
                                         "MAE z", "RMSE", left("unit", kUnitWidth), "r", "utt", "frames")) +
                    "\n";
  for (const SpeakerScore& p : s.speakers) {
    out += left(p.name, kNameWidth) + number(if_measured(p.rmse, p.missing, p.frames * std::ssize(s.channels)), 3, 8) +
           number(if_measured(p.mae, p.missing, p.frames * std::ssize(s.channels)), 3, 8) +
           number(p.rmse_units, decimals, 10) + " " + left(s.rmse_units_name, kUnitWidth) + number(p.pearson, 3, 8) +
           fmt::format("{:>8}{:>13}\n", thousands(p.utterances), thousands(p.frames));
  }
  return out;
}

// Puts a text into lines of the table's width, between words.
std::string in_lines(const std::string& text) {
  std::string out, line;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!line.empty() && width(line) + 1 + width(word) > kColumns) {
      out += line + "\n";
      line = "";
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + line + "\n";
}

std::string lacking_note(const Scores& s, const Ink& ink) {
  const std::string lacking = lacking_text(s);
  return lacking.empty() ? "" : "\n" + ink.faint(in_lines("not measured: " + printable(lacking)));
}

std::string undefined_note(const Scores& s, const Ink& ink) {
  if (s.undefined_channels == 0 && s.undefined_utterances == 0) return "";
  const auto channels = static_cast<Index>(s.channels.size());
  std::string out = fmt::format(
      "r is undefined (-) for {} of {} and for\n{} of {}\n", thousands(s.undefined_channels),
      thousands(channels, "channel", "channels"), thousands(s.undefined_utterances),
      thousands(s.utterances * channels - s.missing_pairs, "utterance-channel pair", "utterance-channel pairs"));
  out += "(a constant side, or a single frame); means of r leave these out.\n";
  return "\n" + ink.faint(out);
}

}  // namespace

std::string thousands(Index n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string thousands(Index n, const char* one, const char* many) { return thousands(n) + " " + (n == 1 ? one : many); }

std::string missing_text(const Scores& s) {
  if (s.missing == 0) return "";
  return fmt::format("{} of {} {} missing ({:.1f} %)", thousands(s.missing),
                     thousands(s.values(), "target value", "target values"), s.missing == 1 ? "is" : "are",
                     100.0 * static_cast<double>(s.missing) / static_cast<double>(s.values()));
}

std::string lacking_text(const Scores& s) {
  std::string out;
  for (const SpeakerScore& p : s.speakers)
    if (!p.lacking.empty())
      out += fmt::format("{}speaker {}: {}", out.empty() ? "" : "; ", p.name, fmt::join(p.lacking, ", "));
  return out;
}

std::vector<Metric> headline_metrics(const Scores& s) {
  return {{"rmse", "RMSE (z)", s.rmse, 3},
          {"pearson", "Pearson r", s.pearson, 3},
          {"mae", "MAE (z)", s.mae, 3},
          {"loss", "loss (" + s.loss_name + ")", s.loss, 4}};
}

std::string scores_table(const Scores& s, bool colour) {
  const Ink ink(colour);
  return header(s, ink) + "\n" + headline(s, ink) + "\n" + in_words(s) + "\n" + channel_table(s, ink) + "\n" +
         speaker_table(s, ink) + lacking_note(s, ink) + undefined_note(s, ink);
}

}  // namespace cutract
