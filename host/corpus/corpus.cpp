#include "host/corpus/corpus.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "host/core/error.h"
#include "host/core/fields.h"
#include "host/core/text.h"
#include "host/corpus/tsv.h"
#include "host/io/input_file.h"
#include "host/io/sha256.h"

namespace cutract {
namespace {

using Problems = std::vector<std::string>;

// Reads one key of a TOML table at a time. Problems are recorded, so that all of them are found in one pass.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string origin, Problems& problems)
      : table_(table), origin_(std::move(origin)), problems_(problems) {}

  std::string text(const char* key, bool required) {
    const toml::node* node = find(key, required);
    if (!node) return "";
    const auto v = node->value_exact<std::string>();
    if (!v)
      problem(node, fmt::format("{}: expected a string", key));
    else if (required && v->empty())
      problem(node, fmt::format("{}: is empty", key));
    return v.value_or("");
  }
  double number(const char* key, double lo, double hi, const char* unit, bool required) {
    const toml::node* node = find(key, required);
    return node ? in_range(node, key, lo, hi, unit) : 0;
  }
  int whole_number(const char* key, int lo, int hi, const char* unit) {
    const toml::node* node = find(key, true);
    if (!node) return 0;
    if (node->is_integer()) return static_cast<int>(in_range(node, key, lo, hi, unit));
    problem(node, fmt::format("{}: expected an integer", key));
    return 0;
  }
  const toml::node* find(const char* key, bool required) {
    known_.emplace_back(key);
    const toml::node* node = table_.get(key);
    if (!node && required) problem(&table_, fmt::format("key \"{}\" is missing", key));
    return node;
  }
  void problem(const toml::node* at, const std::string& what) {
    problems_.push_back(fmt::format("{}:{}: {}", origin_, std::max<std::uint32_t>(1, at->source().begin.line), what));
  }
  // Call this last: every key that was not read is unknown.
  void refuse_others() {
    for (auto&& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      const std::string near = did_you_mean(name, known_);
      problem(&node, fmt::format("unknown key \"{}\"{}", shortened(name),
                                 near.empty() ? fmt::format(", expected some of {}", fmt::join(known_, ", "))
                                              : fmt::format(" (did you mean \"{}\"?)", near)));
    }
  }

 private:
  double in_range(const toml::node* node, const char* key, double lo, double hi, const char* unit) {
    const auto v = node->is_number() ? node->value<double>() : std::nullopt;
    if (!v)
      problem(node, fmt::format("{}: expected a number", key));
    else if (!(*v >= lo && *v <= hi))
      problem(node, fmt::format("{} = {} is outside [{}, {}] ({})", key, *v, lo, hi, unit));
    return v && *v >= lo && *v <= hi ? *v : 0;
  }

  const toml::table& table_;
  std::string origin_;
  Problems& problems_;
  std::vector<std::string> known_;
};

std::vector<Channel> read_channels(TomlReader& toml, const std::string& origin, Problems& problems) {
  const toml::node* node = toml.find("channels", true);
  if (!node) return {};
  const toml::array* list = node->as_array();
  if (!list || list->empty())
    return toml.problem(node, "channels: expected a list of { name, unit }"), std::vector<Channel>{};
  std::vector<Channel> channels;
  for (const auto& item : *list) {
    const toml::table* entry = item.as_table();
    if (!entry) {
      toml.problem(&item, "channels: expected { name = \"...\", unit = \"...\" }");
      continue;
    }
    TomlReader one(*entry, origin, problems);
    Channel c{one.text("name", true), one.text("unit", true)};
    one.refuse_others();
    for (const std::string* name : {&c.name, &c.unit})
      if (std::any_of(name->begin(), name->end(), [](char ch) { return ch >= 0 && ch < ' '; }))
        one.problem(entry, "a channel's name or unit holds a control character; leave it out");
    if (std::any_of(channels.begin(), channels.end(), [&](const Channel& other) { return other.name == c.name; }))
      one.problem(entry, fmt::format("duplicate channel \"{}\"", c.name));
    channels.push_back(std::move(c));
  }
  return channels;
}

void read_toml(Corpus& corpus, const std::string& text, const std::string& origin, Problems& problems) {
  if (const std::string wrong = wrong_encoding(text); !wrong.empty()) {
    problems.push_back(origin + ": " + wrong);
    return;
  }
  if (const std::string wrong = toml_problem(without_mark(text)); !wrong.empty()) {
    problems.push_back(origin + ":" + wrong);
    return;
  }
  toml::table table;
  try {
    table = toml::parse(without_mark(text), std::string_view(origin));
  } catch (const toml::parse_error& e) {
    problems.push_back(fmt::format("{}:{}: {}", origin, e.source().begin.line, e.description()));
    return;
  }
  TomlReader toml(table, origin, problems);
  corpus.name = toml.text("name", true);
  corpus.provenance = toml.text("provenance", false);
  corpus.licence = toml.text("licence", false);
  corpus.sample_rate = toml.whole_number("sample_rate", 1000, 384000, "Hz");
  corpus.articulation_rate_hz = toml.number("articulation_rate_hz", 1, 100000, "Hz", true);
  corpus.features_rate_hz = toml.number("features_rate_hz", 0.1, 100000, "Hz", false);
  corpus.features_first_s = toml.number("features_first_s", -60, 60, "s", false);
  corpus.channels = read_channels(toml, origin, problems);
  toml.refuse_others();
}

// Returns the seconds >= 0 of an optional field; `otherwise` if it is empty.
double seconds(const std::string& field, double otherwise, const char* column, const std::string& where,
               Problems& problems) {
  if (field.empty()) return otherwise;
  double v = 0;
  const auto [end, err] = std::from_chars(field.data(), field.data() + field.size(), v);
  if (err == std::errc() && end == field.data() + field.size() && std::isfinite(v) && v >= 0) return v;
  problems.push_back(fmt::format("{}: {} is \"{}\", expected seconds >= 0", where, column, field));
  return otherwise;
}

void read_manifest(Corpus& corpus, const std::string& text, const std::string& origin, Problems& problems) {
  static const std::vector<std::string> required = {"id", "speaker", "split", "audio", "articulation"};
  static const std::vector<std::string> optional = {"start_s", "end_s", "text", "features"};
  const auto own_column = [](const std::string& name) {
    return std::find(required.begin(), required.end(), name) == required.end() &&
           std::find(optional.begin(), optional.end(), name) == optional.end();
  };
  const std::size_t before = problems.size();
  const TsvTable table = parse_tsv(text, origin, required, optional, problems);
  std::map<std::string, const Utterance*> seen;
  corpus.utterances.reserve(table.rows.size());  // `seen` points into it
  for (const auto& row : table.rows) {
    const std::string where = fmt::format("{}:{}", origin, row.line);
    const auto field = [&](const char* column) { return table.at(row, column); };
    for (const auto& column : required)
      if (std::find(table.columns.begin(), table.columns.end(), column) != table.columns.end() &&
          table.at(row, column).empty())
        problems.push_back(fmt::format("{}: {} is empty", where, column));
    Utterance u{field("id"),
                field("speaker"),
                field("split"),
                field("audio"),
                field("articulation"),
                seconds(field("start_s"), 0, "start_s", where, problems),
                seconds(field("end_s"), -1, "end_s", where, problems),
                field("text"),
                field("features"),
                row.line,
                {}};
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (const std::string& name = table.columns[i]; !row.fields[i].empty() && own_column(name))
        u.extra.emplace_back(name, row.fields[i]);
    if (u.end_s >= 0 && u.end_s <= u.start_s)
      problems.push_back(
          fmt::format("{}: end_s is {}, expected more than start_s, which is {}", where, u.end_s, u.start_s));
    if (!names_a_file(u.id))
      problems.push_back(
          fmt::format("{}: id \"{}\" cannot name a file; leave out / and control characters", where, u.id));
    const auto first = u.id.empty() ? seen.end() : seen.find(u.id);
    if (first != seen.end() && first->second->split != u.split)
      problems.push_back(fmt::format("{}: id \"{}\" is in two splits: \"{}\" (line {}) and \"{}\"", where, u.id,
                                     first->second->split, first->second->line, u.split));
    else if (first != seen.end())
      problems.push_back(fmt::format("{}: id \"{}\" is already on line {}", where, u.id, first->second->line));
    corpus.utterances.push_back(std::move(u));
    seen.emplace(corpus.utterances.back().id, &corpus.utterances.back());
  }
  if (corpus.utterances.empty() && problems.size() == before)
    problems.push_back(fmt::format("{}:1: lists no utterances", origin));
}

}  // namespace

Corpus read_corpus(const std::string& dir, const AudioOptions& audio) {
  Corpus corpus;
  corpus.audio = audio;
  corpus.dir = dir;
  const std::string toml_path = dir + "/corpus.toml", manifest_path = dir + "/manifest.tsv";
  const std::string toml_text = read_regular_file(toml_path), manifest_text = read_regular_file(manifest_path);
  Problems problems;
  read_toml(corpus, toml_text, toml_path, problems);
  read_manifest(corpus, manifest_text, manifest_path, problems);
  if (!problems.empty()) fail(Fault::data, listed(problems));
  corpus.hash = sha256_hex(sha256_hex(toml_text) + sha256_hex(manifest_text));
  return corpus;
}

std::set<std::string> Corpus::splits() const {
  std::set<std::string> names;
  for (const auto& u : utterances) names.insert(u.split);
  return names;
}

std::vector<const Utterance*> Corpus::split(const std::string& wanted) const {
  std::vector<const Utterance*> found;
  for (const auto& u : utterances)
    if (u.split == wanted) found.push_back(&u);
  if (found.empty())
    fail(Fault::data, fmt::format("{}/manifest.tsv: no utterance is in split \"{}\"; the splits are: {}", dir, wanted,
                                  fmt::join(splits(), ", ")));
  return found;
}

}  // namespace cutract
