#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "eval/comparison.h"
#include "host/core/error.h"
#include "host/core/text.h"

namespace cutract {
namespace {

using Json = nlohmann::json;
using Utterance = ScoredSplit::Utterance;

// Reads the members of one object, and refuses the file where one has another kind.
class Members {
 public:
  Members(const Json& object, std::string where, const std::string& origin)
      : object_(object), where_(std::move(where)), origin_(origin) {
    if (!object.is_object()) refuse("is not an object");
  }
  std::string text(const char* key) const {
    const Json& v = member(key);
    if (!v.is_string()) refuse(fmt::format("has no text \"{}\"", key));
    return v.get<std::string>();
  }
  std::optional<double> number(const char* key) const {
    const Json& v = member(key);
    if (v.is_null()) return std::nullopt;
    if (!v.is_number()) refuse(fmt::format("has no number \"{}\"", key));
    return v.get<double>();
  }
  const Json& list(const char* key) const {
    const Json& v = member(key);
    if (!v.is_array()) refuse(fmt::format("has no list \"{}\"", key));
    return v;
  }
  Members object(const char* key) const { return {member(key), where_ + "." + key, origin_}; }

 private:
  const Json& member(const char* key) const {
    const auto at = object_.find(key);
    if (at == object_.end()) refuse(fmt::format("has no \"{}\"", key));
    return *at;
  }
  [[noreturn]] void refuse(const std::string& what) const {
    fail(Fault::data, fmt::format("{}: {} {}, expected the scores that `cutract eval --json` writes", origin_,
                                  where_.empty() ? "its object" : where_, what));
  }

  const Json& object_;
  std::string where_;
  const std::string& origin_;
};

Utterance scores_of(const Members& m) {
  return {"", "", m.number("rmse"), m.number("rmse_units"), m.number("mae"), m.number("pearson")};
}

std::vector<Utterance> utterances_of(const Members& m, const std::string& origin) {
  std::vector<Utterance> out;
  for (const Json& one : m.list("per_utterance")) {
    const Members each(one, "an utterance", origin);
    out.push_back(scores_of(each));
    out.back().id = each.text("id");
    out.back().speaker = each.text("speaker");
  }
  std::sort(out.begin(), out.end(), [](const Utterance& a, const Utterance& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.id == b.id; });
  if (twice != out.end())
    fail(Fault::data, fmt::format("{}: has two utterances \"{}\", expected one", origin, shortened(twice->id)));
  if (out.empty()) fail(Fault::data, fmt::format("{}: has no utterance, expected at least one", origin));
  return out;
}

}  // namespace

ScoredSplit parse_scored_split(std::string_view json, const std::string& origin) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded())
    fail(Fault::data, origin + ": is not JSON, expected the scores that `cutract eval --json` writes");
  const Members m(root, "", origin);
  ScoredSplit out;
  out.path = origin;
  out.model = m.text("model");
  out.corpus = m.text("corpus");
  out.split = m.text("split");
  out.unit = m.text("unit");
  out.target_statistics = m.object("statistics").text("targets");
  if (const auto seed = m.number("seed")) out.seed = static_cast<std::int64_t>(std::clamp(*seed, 0.0, 0x1p53));
  for (const Json& c : m.list("channels")) out.channels.push_back(Members(c, "a channel", origin).text("name"));
  out.whole = scores_of(m);
  out.utterances = utterances_of(m, origin);
  return out;
}

}  // namespace cutract
