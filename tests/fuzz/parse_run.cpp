#include <string>
#include <vector>

#include "eval/report/history.h"
#include "eval/report/html_report.h"
#include "host/core/text.h"
#include "model/run_config.h"
#include "tests/fuzz/parsers.h"
#include "tests/fuzz/scratch.h"

namespace cutract::fuzz {

void parse_config(std::string_view bytes) {
  const std::size_t cut = bytes.find('\xff');
  const auto expect_stable = [](const RunConfig& config) {
    const std::string text = write_run_config(config);
    expect(write_run_config(parse_run_config(text, "again")) == text, "settings differ after writing and reading");
    expect(difference_in_learning(config, config).empty(), "settings differ from themselves");
  };
  expect_stable(parse_run_config(std::string(bytes.substr(0, cut)), "c.toml"));
  if (cut == std::string_view::npos) return;
  const std::vector<std::string> assignments{std::string(bytes.substr(cut + 1))};
  expect_stable(read_run_config("", assignments));
}

void parse_metrics_csv(std::string_view bytes) {
  static const std::string folder = make_scratch_folder("run");
  write_scratch("run/metrics.csv", bytes);
  Report report;
  report.title = "run";
  report.channels = {{"tt_x", "mm"}, {"tt_y", "mm"}};
  report.epochs = read_history(folder);
  for (const EpochPoint& p : report.epochs) expect(p.epoch >= 1, "an epoch is not 1 or more");
  const std::string page = html_report(report);
  expect(page.find("</html>") != std::string::npos, "the page has no end");
  expect(is_utf8(page), "the page is not UTF-8");
}

}  // namespace cutract::fuzz
