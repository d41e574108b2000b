#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/cli/process.h"
#include "tests/support/tiny_corpus.h"

namespace cutract::test {

// One model for all tests, which only read it.
class OwnAudio : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    corpus_ = std::make_unique<TinyCorpus>();
    corpus_->folder.write("c.toml", corpus_->config());
    ASSERT_EQ(run({"train", "-c", "c.toml", "--out", "run", "--device", "cpu"}).code, 0);
    std::filesystem::create_directories(path("in/sub"));
    std::filesystem::copy(path("corpus/audio/u0.wav"), path("in/b.wav"));
    std::filesystem::copy(path("corpus/audio/u1.wav"), path("in/sub/b.WAV"));
    std::filesystem::copy(path("corpus/audio/u2.wav"), path("in/a.wav"));
    corpus_->folder.write("in/notes.txt", "not audio\n");
    corpus_->folder.write("in/._a.wav", "hidden\n");
    corpus_->folder.write("bad.wav", "this is not audio\n");
  }
  static void TearDownTestSuite() { corpus_.reset(); }
  static std::string path(const std::string& name) { return corpus_->folder / name; }
  static Finished run(const std::vector<std::string>& args) { return test::cutract(args, corpus_->folder.path()); }
  static Finished predict(std::vector<std::string> args) {
    args.insert(args.begin(), {"predict", "run", "--device", "cpu"});
    return run(args);
  }
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
  static inline std::unique_ptr<TinyCorpus> corpus_;
};

}  // namespace cutract::test
