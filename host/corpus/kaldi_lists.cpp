#include "host/corpus/kaldi_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/core/error.h"
#include "host/core/text.h"
#include "host/corpus/tsv.h"
#include "host/io/text_numbers.h"

namespace cutract {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "feats.ark:1234", the place of a matrix or of audio in an archive.
bool is_in_archive(std::string_view path) {
  const auto colon = path.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == path.size()) return false;
  const std::string_view place = path.substr(colon + 1);
  return std::all_of(place.begin(), place.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         path.substr(0, colon).ends_with(".ark");
}

// Each of these returns why a value cannot be used, or "".
std::string wrong_path(std::string_view path) {
  if (path.empty()) return "has an id and no path, expected ID PATH";
  if (path.ends_with('|') || path.starts_with('|'))
    return "is a command, and cutract does not execute commands; write its output to a file and give the path";
  if (is_in_archive(path))
    return "is a place in a Kaldi archive, which cutract does not read; write the audio to a file and give the path";
  return "";
}

std::string wrong_speaker(std::string_view speaker) {
  if (speaker.empty() || speaker.find_first_of(" \t") != std::string_view::npos)
    return "expected ID SPEAKER, which are two words";
  return is_utf8(speaker) ? "" : "the speaker is not UTF-8; save the file as UTF-8 text";
}

std::string wrong_text(std::string_view text) {
  return is_utf8(text) ? "" : "the text is not UTF-8; save the file as UTF-8 text";
}

std::string wrong_id(std::string_view id) {
  if (!is_utf8(id)) return "the id is not UTF-8; save the file as UTF-8 text";
  if (!names_a_file(std::string(id)))
    return fmt::format("id \"{}\" cannot name a file; leave out / and control characters", shown(id));
  return "";
}

std::vector<KaldiLine> parse(std::string_view text, const std::string& origin,
                             std::string (*wrong_value)(std::string_view)) {
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) fail(Fault::data, origin + ": " + wrong);
  std::string_view rest = without_mark(text);
  std::vector<KaldiLine> lines;
  std::map<std::string, int> places;  // of the ids
  std::vector<std::string> problems;
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = take_line(rest);
    const std::string_view id = take_word(line), value = trimmed(line);
    if (id.empty()) continue;
    const auto problem = [&](const std::string& why) {
      problems.push_back(fmt::format("{}:{}: {}", origin, number, why));
    };
    if (id.find('\0') != std::string_view::npos || value.find('\0') != std::string_view::npos) {
      problem("holds a zero byte; expected text");
    } else if (const std::string bad_id = wrong_id(id); !bad_id.empty()) {
      problem(bad_id);
    } else if (const std::string bad_value = wrong_value(value); !bad_value.empty()) {
      problem(bad_value);
    } else if (const auto [first, added] = places.emplace(std::string(id), number); !added) {
      problem(fmt::format("duplicate id \"{}\", which is already on line {}", shown(id), first->second));
    } else {
      lines.push_back({std::string(id), std::string(value), number});
    }
  }
  if (!problems.empty()) fail(Fault::data, listed(problems));
  if (lines.empty()) fail(Fault::data, origin + ":1: lists no utterances");
  return lines;
}

}  // namespace

std::vector<KaldiLine> parse_wav_scp(std::string_view text, const std::string& origin) {
  return parse(text, origin, wrong_path);
}

std::vector<KaldiLine> parse_utt2spk(std::string_view text, const std::string& origin) {
  return parse(text, origin, wrong_speaker);
}

std::vector<KaldiLine> parse_kaldi_text(std::string_view text, const std::string& origin) {
  return parse(text, origin, wrong_text);
}

}  // namespace cutract
