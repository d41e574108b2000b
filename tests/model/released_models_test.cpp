// Models of earlier versions have to load and to predict what they predicted then. tests/golden/models/VERSION holds
// models as that version wrote them, a recording, and each model's prediction for it (docs/versioning.md).
#include <gtest/gtest.h>

#include <filesystem>

#include "features/extractor.h"
#include "features/recipe.h"
#include "host/io/atomic_file.h"
#include "host/io/audio.h"
#include "host/io/npy.h"
#include "host/io/sha256.h"
#include "model/migrations.h"
#include "model/predictor.h"
#include "model/trained_model.h"
#include "tests/support/support.h"

namespace cutract {
namespace {

namespace fs = std::filesystem;

const std::string kFirst = "tests/golden/models/0.1.0/";

std::vector<fs::path> released(const std::string& ending) {
  std::vector<fs::path> out;
  for (const auto& entry : fs::recursive_directory_iterator(test::source_file("tests/golden/models")))
    if (entry.path().extension() == ending) out.push_back(entry.path());
  return out;
}

Matrix movement(const TrainedModel& m, const std::string& recording) {
  Exec ex = CpuExec(1);
  const Extractor extractor(m.config.features);
  const Audio audio = read_audio(recording);
  Network network(ex, m.model);
  return predict(ex, m, network, features_of(ex, extractor, audio), "spk1");
}

void expect_same_movement(const TrainedModel& m, fs::path path) {
  const Matrix got = movement(m, path.parent_path() / "input.wav");
  const Matrix want = read_npy(path.replace_extension(".npy"));
  ASSERT_EQ(want.rows, got.rows) << path;
  EXPECT_LE(test::rel_l2(got.values, want.values), 1e-6) << path;
}

TEST(ReleasedModels, PredictWhatTheyDid) {
  const std::vector<fs::path> models = released(".safetensors");
  ASSERT_GE(models.size(), 2u);
  for (const fs::path& path : models) expect_same_movement(load_model(path), path);
}

// Written again by this build, a model has this build's recipe and predicts the same.
TEST(ReleasedModels, PredictTheSameWhenTheyAreWrittenAgain) {
  for (const fs::path& path : released(".safetensors")) {
    const std::string bytes = encode_model(load_model(path));
    const TensorFile file = decode_safetensors(bytes, "again");
    EXPECT_EQ(file.metadata.at("recipe_version"), std::to_string(kRecipeVersion));
    expect_same_movement(decode_model(bytes, "again"), path);
  }
}

TensorFile first(const std::string& name) {
  TensorFile file = decode_safetensors(read_file(test::source_file(kFirst + name)), name);
  file.metadata.erase("sha256");  // as in a file that someone altered on purpose
  return file;
}

// The hash of version 0 is of all feature settings, and one that does not fit them is refused.
TEST(ReleasedModels, TheFirstVersionsHashIsChecked) {
  for (const char* name : {"mel.safetensors", "mfcc.safetensors"}) {
    TensorFile file = first(name);
    ASSERT_FALSE(file.metadata.contains("recipe_version"));
    EXPECT_NO_THROW(decode_model(encode_safetensors(file), "m"));
    std::string& config = file.metadata.at("config");
    const auto at = config.find("hop_samples = 160");
    ASSERT_NE(at, std::string::npos);
    config.replace(at, 17, "hop_samples = 200");
    EXPECT_FAULT(decode_model(encode_safetensors(file), "m"), Fault::data, "m: was trained on features with hash");
    TensorFile other = first(name);
    other.metadata.at("feature_hash") = sha256_hex("something else");
    EXPECT_FAULT(decode_model(encode_safetensors(other), "m"), Fault::data, "m: was trained on features with hash");
    other.metadata.erase("feature_hash");
    EXPECT_FAULT(decode_model(encode_safetensors(other), "m"), Fault::data, "m: has no metadata \"feature_hash\"");
  }
}

// What is trained on does not depend on the optimizer or on paths, so these may be altered.
TEST(ReleasedModels, TheFirstVersionsHashIsOfFeaturesAlone) {
  TensorFile file = first("mel.safetensors");
  std::string& config = file.metadata.at("config");
  config.replace(config.find("max_epochs = 6"), 14, "max_epochs = 9");
  EXPECT_EQ(decode_model(encode_safetensors(file), "m").config.trainer.max_epochs, 9);
}

TEST(ReleasedModels, AnAlteredRecipeIsRefused) {
  const std::string bytes = encode_model(load_model(test::source_file(kFirst + "mfcc.safetensors")));
  const auto altered = [&](const std::string& key, const std::string& from, const std::string& to, bool hash) {
    TensorFile file = decode_safetensors(bytes, "m");
    file.metadata.erase("sha256");
    std::string& text = file.metadata.at(key);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << text;
    text.replace(at, from.size(), to);
    if (hash) file.metadata.at("feature_hash") = sha256_hex(text);
    return encode_safetensors(file);
  };
  EXPECT_FAULT(decode_model(altered("feature_recipe", "log = \"ln\"", "log = \"db\"", false), "m"), Fault::data,
               "m: its feature_recipe does not match its feature_hash");
  EXPECT_FAULT(decode_model(altered("feature_recipe", "lifter = 22.0", "lifter = 23.0", true), "m"), Fault::data,
               "m: was trained on different features than its config describes (lifter = 23.0)");
  EXPECT_FAULT(decode_model(altered("config", "lifter = 22.0", "lifter = 23.0", false), "m"), Fault::data,
               "m: was trained on different features than its config describes (lifter = 22.0)");
  EXPECT_FAULT(decode_model(altered("feature_recipe", "numbers = 1", "numbers = 2", true), "m"), Fault::data,
               "m: was trained on features of version 2, but this build computes version 1");
  EXPECT_FAULT(decode_model(altered("recipe_version", std::to_string(kRecipeVersion), "99", false), "m"), Fault::io,
               "m: was written by a newer cutract: its settings have version 99");
}

TEST(FeatureRecipe, ListsWhatDiffersFromTheDefaults) {
  EXPECT_EQ(feature_recipe(FeatureConfig{}), "numbers = 1\n\n[features]\n");
  FeatureConfig c;
  c.n_mels = 40;
  c.log = LogScale::ln;
  EXPECT_EQ(feature_recipe(c), "numbers = 1\n\n[features]\nn_mels = 40\nlog = \"ln\"\n");
  FeatureConfig named = c;
  named.preset = FeaturePreset::kaldi;
  EXPECT_EQ(feature_recipe(named), feature_recipe(c));
}

}  // namespace
}  // namespace cutract
