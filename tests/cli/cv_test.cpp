#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/io/atomic_file.h"
#include "tests/cli/process.h"
#include "tests/support/support.h"
#include "tests/support/tiny_corpus.h"

namespace cutract {
namespace {

using nlohmann::json;
using test::Finished;

class Cv : public testing::Test {
 protected:
  Cv() { corpus_.folder.write("c.toml", corpus_.config()); }
  Finished run(std::vector<std::string> args) { return test::cutract(args, corpus_.folder.path()); }
  Finished leave_out(const std::vector<std::string>& more = {}) {
    std::vector<std::string> args{"cv", "-c", "c.toml", "--leave-out", "speaker", "--out", "cv", "--device", "cpu"};
    args.insert(args.end(), more.begin(), more.end());
    return run(args);
  }
  std::string read(const std::string& name) { return read_file(corpus_.folder / name); }
  test::TinyCorpus corpus_;
};

TEST_F(Cv, ScoresEachSpeakerByAModelThatNeverHeardIt) {
  const Finished f = leave_out();
  ASSERT_EQ(f.code, 0) << f.err;
  EXPECT_NE(f.err.find("fold 2 of 2: b\n"), std::string::npos) << f.err;
  const json all = json::parse(read("cv/cv.json"));
  ASSERT_EQ(all["folds"].size(), 2u);
  EXPECT_EQ(all["title"], "Cross-validation of c.toml: 2 folds by speaker");
  // What the ordinary commands say of the same models.
  double sum = 0;
  for (int k = 0; k < 2; ++k) {
    const std::string speaker = k == 0 ? "a" : "b";
    ASSERT_EQ(run({"eval", "cv/runs/" + speaker, "--device", "cpu", "--json", "own.json"}).code, 0);
    const json own = json::parse(read("own.json"));
    ASSERT_EQ(own["speakers"].size(), 1u);
    EXPECT_EQ(own["speakers"][0]["name"], speaker);
    EXPECT_EQ(own["utterances"], 5);
    EXPECT_EQ(all["folds"][k]["fold"], speaker);
    EXPECT_EQ(all["folds"][k]["rmse"], own["rmse"]);
    EXPECT_EQ(all["folds"][k]["pearson"], own["pearson"]);
    sum += own["rmse"].get<double>();
    const std::string manifest = read("cv/corpora/" + speaker + "/manifest.tsv");
    EXPECT_EQ(manifest.find("\t" + speaker + "\ttrain"), std::string::npos);
    EXPECT_EQ(manifest.find("\t" + speaker + "\tval"), std::string::npos);
  }
  EXPECT_NEAR(all["mean"]["rmse"].get<double>(), sum / 2, 1e-15);
  EXPECT_NE(read("cv/cv.html").find("runs/a/report.html"), std::string::npos);
}

TEST_F(Cv, ContinuesWhereItWasStopped) {
  const Finished whole = leave_out({"-q"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  // As if it had been killed when the second fold began.
  const std::string run = corpus_.folder / "cv/runs/b";
  const std::string scores = read("cv/cv.json");
  std::filesystem::remove(corpus_.folder / "cv/cv.json");
  std::filesystem::remove_all(run);
  std::filesystem::create_directories(run);
  const std::string kept = read("cv/runs/a/metrics.csv");
  const Finished again = leave_out({"-q"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, whole.out);
  EXPECT_EQ(read("cv/cv.json"), scores);
  EXPECT_EQ(read("cv/runs/a/metrics.csv"), kept);  // not trained again
}

TEST_F(Cv, ADivisionThatIsNotItsOwnStopsIt) {
  ASSERT_EQ(leave_out({"-q"}).code, 0);
  const Finished f = leave_out({"-q", "--split-seed", "2"});
  EXPECT_EQ(f.code, 5);
  EXPECT_NE(f.err.find("cv/corpora/a: exists and is not this division of the corpus"), std::string::npos) << f.err;
}

TEST_F(Cv, SentencesNeedTexts) {
  const Finished f = run({"cv", "-c", "c.toml", "--out", "cv", "--device", "cpu"});
  EXPECT_EQ(f.code, 4);
  EXPECT_NE(f.err.find("manifest.tsv:2: u0 has no text, which sentences are told by; group by speaker or utterance "
                       "instead"),
            std::string::npos)
      << f.err;
  EXPECT_FALSE(std::filesystem::exists(corpus_.folder / "cv"));
}

TEST_F(Cv, AFailedTrainingEndsItWithItsCode) {
  const Finished f = leave_out({"-q", "--set", "model.hidden=0"});
  EXPECT_EQ(f.code, 3);
}

TEST_F(Cv, SplitMakesACorpusThatCanBeTrainedOn) {
  const Finished split = run({"corpus", "split", "corpus", "--by", "utterance", "--shares", "train=0.5,val=0.5", "--out", "new"});
  EXPECT_EQ(split.code, 0);
  EXPECT_EQ(split.err, "new: 5 utterances in train, 5 utterances in val\n");
  EXPECT_EQ(run({"corpus", "check", "new"}).code, 0);
  EXPECT_EQ(run({"train", "-c", "c.toml", "--set", "data.corpus=new", "--fast-dev-run", "--device", "cpu"}).code, 0);
}

}  // namespace
}  // namespace cutract
