#include <utility>

#include "cli/commands.h"
#include "eval/comparison.h"
#include "host/core/error.h"
#include "host/io/atomic_file.h"

namespace cutract::cli {
namespace {

std::vector<ScoredSplit> read_scores(const std::vector<std::string>& paths) {
  std::vector<ScoredSplit> out;
  out.reserve(paths.size());
  for (const std::string& path : paths) out.push_back(parse_scored_split(read_file(path), path));
  return out;
}

}  // namespace

int run(const CompareArgs& a) {
  std::vector<std::string> first = a.scores, second = a.with;
  if (second.empty()) {
    if (first.size() != 2)
      fail(Fault::usage, "compare: give two files of scores, or several of one model and --with several of the other");
    second = {std::exchange(first, {first[0]})[1]};
  }
  const Comparison c = compare(read_scores(first), read_scores(second), {a.samples, a.seed});
  if (a.json == "-") {
    print_result(comparison_json(c));
    return 0;
  }
  print_text(comparison_table(c));
  if (!a.json.empty()) write_output(real_file_system(), a.json, comparison_json(c));
  return 0;
}

}  // namespace cutract::cli
