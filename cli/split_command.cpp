#include <fmt/format.h>

#include <map>

#include "cli/commands.h"
#include "host/core/log.h"
#include "host/core/text.h"
#include "host/corpus/folds.h"

namespace cutract::cli {

int run(const CorpusSplitArgs& a) {
  const std::vector<Share> shares = parse_shares(a.shares, "--shares");
  const Corpus corpus = read_corpus(a.dir);
  const std::vector<std::string> splits = assign_splits(groups_of(corpus, a.by), shares, a.seed);
  write_with_splits(corpus, splits, a.out);
  std::map<std::string, std::int64_t> count;
  for (const std::string& split : splits) ++count[split];
  std::string text;
  for (const Share& s : shares)
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", counted(count[s.split], "utterance"), s.split);
  log::info(fmt::format("{}: {}", a.out, text));
  return 0;
}

}  // namespace cutract::cli
