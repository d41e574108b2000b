#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/io/atomic_file.h"
#include "host/io/npz.h"
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

TEST_F(Cv, SeedsAreTrainedAndScoredAlike) {
  const std::vector<std::string> command{"train", "-c",   "c.toml", "--seeds",  "3,17",
                                         "--out", "both", "-q",     "--device", "cpu"};
  const Finished both = run(command);
  ASSERT_EQ(both.code, 0) << both.err;
  ASSERT_EQ(run({"train", "-c", "c.toml", "--seed", "17", "--out", "one", "-q", "--device", "cpu"}).code, 0);
  ASSERT_EQ(run({"eval", "one", "--device", "cpu", "--json", "one.json"}).code, 0);
  const json all = json::parse(read("both/seeds.json")), one = json::parse(read("one.json"));
  EXPECT_EQ(all["seeds"][1]["seed"], "seed-17");
  EXPECT_EQ(all["seeds"][1]["rmse"], one["rmse"]);
  EXPECT_EQ(all["seeds"][1]["pearson"], one["pearson"]);
  EXPECT_NE(all["seeds"][0]["rmse"], one["rmse"]);
  EXPECT_TRUE(
      both.out.starts_with("seed              utterances    RMSE (z)     RMSE (mm)     MAE (z)   Pearson r\nseed-3 "))
      << both.out;
  EXPECT_EQ(run(command).out, both.out);
}

TEST_F(Cv, EvalWritesPredictedAndMeasuredMovement) {
  ASSERT_EQ(run({"train", "-c", "c.toml", "--out", "one", "-q", "--device", "cpu"}).code, 0);
  ASSERT_EQ(run({"eval", "one", "--device", "cpu", "--json", "one.json", "--predictions", "each"}).code, 0);
  const json scores = json::parse(read("one.json"));
  double sum = 0;
  Index count = 0;
  for (const json& u : scores["per_utterance"]) {
    const std::string id = u["id"], bytes = read("each/" + id + ".npz");
    const NpzArchive archive(bytes, id);
    const Matrix predicted = archive.array("predicted"), measured = archive.array("measured");
    ASSERT_EQ(predicted.rows, u["frames"]);
    ASSERT_EQ(archive.array("time_s").rows * archive.array("time_s").cols, predicted.rows);
    for (std::size_t i = 0; i < measured.values.size(); ++i) {
      const double e = static_cast<double>(predicted.values[i]) - static_cast<double>(measured.values[i]);
      sum += e * e;
      ++count;
    }
  }
  EXPECT_NEAR(std::sqrt(sum / static_cast<double>(count)), scores["rmse_units"].get<double>(), 1e-5);
  EXPECT_EQ(run({"eval", "one", "--device", "cpu", "--predictions", "-"}).code, 2);
}

TEST_F(Cv, SeedsThatContradictAreRefused) {
  const auto refused = [&](std::vector<std::string> more, const std::string& why) {
    more.insert(more.begin(), {"train", "-c", "c.toml", "--device", "cpu"});
    const Finished f = run(more);
    EXPECT_EQ(f.code, 2);
    EXPECT_EQ(f.err, "error: " + why + "\n");
  };
  refused({"--seeds", "1,1"}, "--seeds: names a seed twice, expected different seeds");
  refused({"--seeds", "1,2", "--resume", "runs/x"},
          "--seeds and --resume PATH: a checkpoint is of one seed; give one of them");
  refused({"--seeds", "1,2", "--seed", "3"}, "--seed and --seeds exclude each other; give only one of them");
  refused({"--seeds", "1,x"}, "--seeds: is \"x\", expected an integer from 0 to 9007199254740992");
}

TEST_F(Cv, SplitMakesACorpusThatCanBeTrainedOn) {
  const Finished split =
      run({"corpus", "split", "corpus", "--by", "utterance", "--shares", "train=0.5,val=0.5", "--out", "new"});
  EXPECT_EQ(split.code, 0);
  EXPECT_EQ(split.err, "new: 5 utterances in train, 5 utterances in val\n");
  EXPECT_EQ(run({"corpus", "check", "new"}).code, 0);
  EXPECT_EQ(run({"train", "-c", "c.toml", "--set", "data.corpus=new", "--fast-dev-run", "--device", "cpu"}).code, 0);
}

}  // namespace
}  // namespace cutract
