#include "eval/prediction.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/support.h"

namespace cutract {
namespace {

const std::vector<Channel> kChannels{{"tt_x", "mm"}, {"jaw", "deg"}, {"phase", ""}};

Prediction example() {
  Prediction p{"say \"a\".wav", 0.0125, 0.01, Matrix(2, 3)};
  p.values.values = {1.5f, -0.0f, 123456.789f, -12.34567f, 0.00001234f, 100};
  return p;
}

TEST(PredictionCsv, OneRowPerFrameUnitsInTheNames) {
  EXPECT_EQ(prediction_csv(example(), kChannels),
            "time_s,tt_x_mm,jaw_deg,phase\n"
            "0.0125,1.5,0,123456.7891\n"
            "0.0225,-12.3457,1.234e-05,100.0000\n");
}

TEST(PredictionCsv, KeepsATenThousandthOfAUnit) {
  test::Rng rng(1);
  Prediction p{"a.wav", 0, 0.005, Matrix(2000, 1)};
  for (float& v : p.values.values) v = static_cast<float>(rng.normal() * std::pow(10, rng.uniform(-6, 4)));
  std::istringstream in(prediction_csv(p, std::span(kChannels).first(1)));
  std::string line;
  std::getline(in, line);
  for (Index t = 0; std::getline(in, line); ++t) {
    const std::size_t comma = line.find(',');
    const double want = p.values.row(t)[0], got = std::stod(line.substr(comma + 1));
    EXPECT_NEAR(std::stod(line.substr(0, comma)), 0.005 * static_cast<double>(t), 1e-9);
    EXPECT_NEAR(got, want, 0.5001e-4);
    if (std::abs(want) < 1) {
      EXPECT_NEAR(got, want, 0.5001e-5 * std::abs(want));  // six digits of small values
    }
  }
}

TEST(PredictionCsv, QuotesNamesThatNeedIt) {
  const std::vector<Channel> odd{{"a,b", "mm"}, {"say \"c\"", ""}};
  EXPECT_EQ(prediction_csv({"a.wav", 0, 0.01, Matrix(0, 2)}, odd), "time_s,\"a,b_mm\",\"say \"\"c\"\"\"\n");
}

// A channel's name comes from a corpus that may not be trusted, and a spreadsheet runs a cell that begins like a
// formula.
TEST(CsvField, IsNoFormula) {
  const std::pair<const char*, const char*> cases[] = {{"=1+2", "'=1+2"},
                                                       {"+x", "'+x"},
                                                       {"-x", "'-x"},
                                                       {"@SUM(A1)", "'@SUM(A1)"},
                                                       {"\t=1", "'\t=1"},
                                                       {"\r=1", "\"'\r=1\""},
                                                       {"=A(\"b\")", "\"'=A(\"\"b\"\")\""},
                                                       {"-3.5", "-3.5"},
                                                       {"+2e3", "+2e3"},
                                                       {"-3+cmd", "'-3+cmd"},
                                                       {"-", "'-"},
                                                       {"tt_x", "tt_x"},
                                                       {"a=b", "a=b"},
                                                       {"", ""},
                                                       {"1-2", "1-2"}};
  for (const auto& [text, field] : cases) EXPECT_EQ(csv_field(text), field) << text;
  const std::vector<Channel> odd{{"=HYPERLINK(\"http://x\")", "mm"}};
  EXPECT_EQ(prediction_csv({"a.wav", 0, 0.01, Matrix(0, 1)}, odd), "time_s,\"'=HYPERLINK(\"\"http://x\"\")_mm\"\n");
}

TEST(PredictionJson, IsOneObjectThatReadsBack) {
  const auto j = nlohmann::json::parse(prediction_json(example(), kChannels));
  EXPECT_EQ(j["audio"], "say \"a\".wav");
  EXPECT_EQ(j["first_s"], 0.0125);
  EXPECT_EQ(j["step_s"], 0.01);
  EXPECT_EQ(j["frames"], 2);
  EXPECT_EQ(j["channels"][1]["name"], "jaw");
  EXPECT_EQ(j["channels"][1]["unit"], "deg");
  EXPECT_EQ(j["time_s"], (nlohmann::json{0.0125, 0.0225}));
  EXPECT_EQ(j["values"].size(), 2u);
  EXPECT_NEAR(j["values"][0][2].get<double>(), 123456.789, 0.01);
  EXPECT_EQ(j["values"][1][0], -12.3457);
}

TEST(PredictionCsv, AMissingValueIsAnEmptyCell) {
  Prediction p{"a.wav", 0, 0.01, Matrix(1, 3)};
  p.values.values = {std::nanf(""), 2, std::nanf("")};
  EXPECT_TRUE(prediction_csv(p, kChannels).ends_with("\n0.0000,,2,\n")) << prediction_csv(p, kChannels);
}

TEST(PredictionJson, NotANumberIsNullAndNoFrameIsEmpty) {
  Prediction p{"a.wav", 0, 0.01, Matrix(1, 3)};
  p.values.values = {std::nanf(""), HUGE_VALF, 1};
  const auto j = nlohmann::json::parse(prediction_json(p, kChannels));
  EXPECT_EQ(j["values"][0], (nlohmann::json{nullptr, nullptr, 1}));
  p.values = Matrix(0, 3);
  EXPECT_TRUE(nlohmann::json::parse(prediction_json(p, kChannels))["values"].empty());
}

TEST(PredictionNpz, HoldsEveryArray) {
  const std::string bytes = prediction_npz(example(), kChannels);
  ASSERT_EQ(bytes.substr(0, 2), "PK");
  for (const char* name : {"time_s.npy", "values.npy", "channels.npy", "units.npy", "audio.npy"}) {
    EXPECT_NE(bytes.find(name), std::string::npos) << name;
  }
}

TEST(Prediction, ChannelsMustFitTheColumns) {
  for (const auto& write : {prediction_csv, prediction_npz, prediction_json}) {
    EXPECT_FAULT(write(example(), std::span(kChannels).first(2)), Fault::internal,
                 "prediction.values: shape is [2,3], expected [2,2]");
  }
}

}  // namespace
}  // namespace cutract
