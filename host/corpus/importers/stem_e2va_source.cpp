#include "host/corpus/importers/stem_e2va_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "host/core/error.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/tsv.h"
#include "host/io/input_file.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

std::vector<StemUtterance> from_manifest(const std::string& folder) {
  static const std::vector<std::string> columns = {"id", "speaker", "emotion", "text", "split", "audio", "ema"};
  const std::string path = folder + "/manifest.tsv";
  std::vector<std::string> problems;
  const TsvTable table = parse_tsv(read_regular_file(path), path, columns, {}, problems);
  std::set<std::string> ids;
  std::vector<StemUtterance> all;
  for (const auto& row : table.rows) {
    const auto field = [&](const char* column) { return table.at(row, column); };
    for (const auto& c : columns)
      if (table.at(row, c).empty()) problems.push_back(fmt::format("{}:{}: {} is empty", path, row.line, c));
    StemUtterance s{field("id"),
                    field("speaker"),
                    field("emotion"),
                    field("text"),
                    field("split"),
                    folder + "/" + field("audio"),
                    folder + "/" + field("ema")};
    if (!ids.insert(s.id).second) problems.push_back(fmt::format("{}:{}: duplicate id \"{}\"", path, row.line, s.id));
    if (!names_a_file(s.id))
      problems.push_back(
          fmt::format("{}:{}: id \"{}\" cannot name a file; leave out / and control characters", path, row.line, s.id));
    all.push_back(std::move(s));
  }
  if (all.empty() && problems.empty()) problems.push_back(path + ":1: lists no utterances");
  if (!problems.empty()) fail(Fault::data, listed(problems));
  return all;
}

bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Parses the id; false if it is not an id of this corpus.
bool read_id(const std::string& id, StemUtterance& u) {
  if (id.size() < 5) return false;
  const std::string text = id.substr(id.size() - 2), letters = id.substr(0, id.size() - 2);
  if (!std::all_of(text.begin(), text.end(), is_digit) || !std::all_of(letters.begin(), letters.end(), is_letter))
    return false;
  const bool test = text == "04" || text == "09" || text == "15", val = text == "02" || text == "12";
  u = {id,   letters.substr(0, letters.size() - 2), letters.substr(letters.size() - 2),
       text, test ? "test" : val ? "val" : "train", "",
       ""};
  return true;
}

// The published ids have the speaker's sex, F or M, between speaker and emotion: CXYFNE04. It is left out of the
// speaker if every id has one and if no two speakers would get the same name.
void leave_out_sex(std::vector<StemUtterance>& all) {
  std::map<std::string, std::string> with_sex;  // by the name without it
  for (const StemUtterance& u : all) {
    const std::string& name = u.speaker;
    if (name.size() < 2 || (name.back() != 'F' && name.back() != 'M')) return;
    const auto [first, added] = with_sex.emplace(name.substr(0, name.size() - 1), name);
    if (!added && first->second != name) return;
  }
  for (StemUtterance& u : all) u.speaker.pop_back();
}

struct Files {
  std::vector<std::string> audio, ema;
};

std::map<std::string, Files> files_by_id(const std::string& folder) {
  std::map<std::string, Files> found;
  try {
    for (auto it = fs::recursive_directory_iterator(folder); it != fs::recursive_directory_iterator(); ++it) {
      const fs::directory_entry& entry = *it;
      const bool hidden = entry.path().filename().string().starts_with('.');
      if (hidden) it.disable_recursion_pending();
      if (hidden || !entry.is_regular_file()) continue;
      const std::string ending = lowercase(entry.path().extension().string());
      Files& files = found[entry.path().stem().string()];
      if (ending == ".wav" || ending == ".flac") files.audio.push_back(entry.path().string());
      if (ending == ".mat") files.ema.push_back(entry.path().string());
    }
  } catch (const fs::filesystem_error& e) {
    fail(Fault::io, fmt::format("{}: cannot read: {}", folder, e.code().message()));
  }
  return found;
}

std::vector<StemUtterance> from_layout(const std::string& folder) {
  std::vector<StemUtterance> all;
  for (auto& [id, files] : files_by_id(folder)) {
    if (files.ema.empty() && files.audio.empty()) continue;
    const auto skip = [&, name = id](const std::string& why) { log::warn(fmt::format("skipped {}: {}", name, why)); };
    StemUtterance u;
    if (!read_id(id, u))
      skip("its name is not a speaker, two letters for the emotion and two digits for the sentence, as in CXYFNE04");
    else if (files.ema.empty())
      skip(fmt::format("{}: has no movement file {}.mat", files.audio.front(), id));
    else if (files.audio.empty())
      skip(fmt::format("{}: has no audio file {}.wav (or .flac)", files.ema.front(), id));
    else if (files.ema.size() > 1 || files.audio.size() > 1)
      skip("several files have this name; keep one .mat and one .wav or .flac");
    else {
      u.audio = files.audio.front();
      u.ema = files.ema.front();
      all.push_back(std::move(u));
    }
  }
  leave_out_sex(all);
  if (all.empty())
    fail(Fault::data, folder +
                          ": holds no pair of ID.wav (or .flac) and ID.mat, where ID is e.g. CXYFNE04, and no "
                          "manifest.tsv; name the folder of the STEM-E2VA files");
  return all;
}

}  // namespace

std::vector<StemUtterance> read_stem_source(const std::string& folder) {
  return fs::exists(folder + "/manifest.tsv") ? from_manifest(folder) : from_layout(folder);
}

}  // namespace cutract
