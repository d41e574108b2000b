#include "features/dataset/corpus_features.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <vector>

#include "features/streams.h"
#include "host/core/error.h"

namespace cutract {
namespace {

bool is_file(const StreamConfig& s) { return s.is("file"); }

// Any length is accepted here: loading compares each array with its audio.
Index columns_in(const Corpus& corpus) {
  const auto listed = std::find_if(corpus.utterances.begin(), corpus.utterances.end(),
                                   [](const Utterance& u) { return !u.features.empty(); });
  if (listed == corpus.utterances.end())
    fail(Fault::data, corpus.dir +
                          "/manifest.tsv: no utterance has a file in the column features, which the stream "
                          "\"file\" reads; add the paths of .npy files there");
  return features_columns(corpus, *listed);
}

// Returns the entry with these options in place of its own. Others stay as the user wrote them, so that an option which
// is added to the stream later changes no stored entry.
std::string with_facts(const std::string& entry, const StreamOptions& o) {
  std::istringstream words(entry);
  std::string out;
  for (std::string word; words >> word;)
    if (!word.starts_with("columns=") && !word.starts_with("rate_hz=") && !word.starts_with("first_s="))
      out += (out.empty() ? "" : " ") + word;
  return fmt::format("{} columns={} rate_hz={} first_s={}", out, o.columns, o.rate_hz, o.first_s);
}

}  // namespace

bool reads_files(const FeatureConfig& c) {
  const std::vector<StreamConfig> streams = streams_of(c);
  return std::any_of(streams.begin(), streams.end(), is_file);
}

FeatureConfig with_files_of(FeatureConfig c, const Corpus& corpus) {
  std::vector<StreamConfig> streams = streams_of(c);
  if (std::none_of(streams.begin(), streams.end(), is_file)) return c;
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    entries.push_back(c.streams[i]);
    if (!is_file(streams[i])) continue;
    StreamOptions& o = streams[i].options;
    if (o.columns == 0) o.columns = static_cast<int>(columns_in(corpus));
    const bool contradicts = o.rate_hz != corpus.features_rate_hz || o.first_s != corpus.features_first_s;
    if (o.rate_hz != 0 && contradicts)
      fail(Fault::config,
           fmt::format("features.streams[{}]: has rate_hz={} and first_s={}, but {}/corpus.toml has "
                       "features_rate_hz = {} and features_first_s = {}; leave both options out",
                       i + 1, o.rate_hz, o.first_s, corpus.dir, corpus.features_rate_hz, corpus.features_first_s));
    o.rate_hz = corpus.features_rate_hz;
    o.first_s = corpus.features_first_s;
    entries.back() = with_facts(c.streams[i], o);
  }
  c.streams = std::move(entries);
  return c;
}

}  // namespace cutract
