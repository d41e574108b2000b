#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "host/io/atomic_file.h"
#include "host/io/sha256.h"
#include "tests/support/tiny_corpus.h"
#include "train/trainer.h"

namespace cutract::test {

// Whole runs on a corpus made by the test.
class TrainingRun : public testing::Test {
 protected:
  TrainResult go(const std::string& out, std::vector<std::string> set = {}, int threads = 1,
                 TrainOptions options = {}) {
    Exec ex = CpuExec(threads);
    return go_on(ex, out, std::move(set), std::move(options));
  }
  TrainResult go_on(Exec& ex, const std::string& out, std::vector<std::string> set, TrainOptions options = {}) {
    const RunConfig config = read_run_config(corpus_.folder.write("config.toml", corpus_.config()), set);
    options.run_dir = corpus_.folder / out;
    Progress progress({.quiet = true, .write = [](const std::string&) {}, .now = std::chrono::steady_clock::now});
    return train(ex, config, options, progress);
  }
  std::string last_model(const std::string& out) {
    const std::string folder = corpus_.folder / out + "/checkpoints/";
    std::string name = read_file(folder + "last");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    return sha256_hex(read_file(folder + name + "/model.safetensors"));
  }
  // All columns except those of time.
  void expect_same_metrics(const std::string& a, const std::string& b) {
    const auto rows = [&](const std::string& run) {
      std::vector<std::string> out = lines(corpus_.folder / run + "/metrics.csv");
      for (std::string& line : out) {
        std::size_t at = 0;
        for (int i = 0; i < 10; ++i) at = line.find(',', at) + 1;
        line.erase(at, line.find(',', line.find(',', at) + 1) - at);
      }
      return out;
    };
    EXPECT_EQ(rows(a), rows(b));
  }
  static std::vector<std::string> lines(const std::string& path) {
    std::istringstream in(read_file(path));
    std::vector<std::string> out;
    for (std::string l; std::getline(in, l);) out.push_back(l);
    return out;
  }
  TinyCorpus corpus_;
};

}  // namespace cutract::test
