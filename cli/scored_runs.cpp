#include "cli/scored_runs.h"

#include "host/io/atomic_file.h"

namespace cutract::cli {

int train_and_score(const TrainArgs& training, const std::string& name, ScoredRuns& all) {
  if (const int code = run(training); code != 0) return code;
  EvalArgs e;
  e.model = training.out;
  e.device = training.device;
  e.json = training.out + "/scores.json";
  e.skip_bad = training.skip_bad;
  e.print = false;
  run(e);
  all.runs.push_back({name, parse_scored_split(read_file(e.json), e.json)});
  return 0;
}

void report_runs(const ScoredRuns& all, const std::string& folder, const std::string& stem) {
  const std::string path = folder + "/" + stem;
  save_atomically(real_file_system(), path + ".json", scored_runs_json(all));
  save_atomically(real_file_system(), path + ".html", scored_runs_page(all));
  print_text(scored_runs_table(all));
}

}  // namespace cutract::cli
