#include "model/stored_recipe.h"

#include <fmt/format.h>

#include <sstream>

#include "features/recipe.h"
#include "host/core/error.h"
#include "host/io/sha256.h"
#include "model/metadata.h"
#include "model/migrations.h"

namespace cutract {
namespace {

constexpr const char* kVersion = "recipe_version";
constexpr const char* kRecipe = "feature_recipe";
constexpr const char* kHash = "feature_hash";

// Returns the settings of one section as text.
std::string section_text(const std::string& config, const std::string& section) {
  std::istringstream in(config);
  std::string out;
  bool within = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("[")) {
      within = line == "[" + section + "]";
    } else if (within && !line.empty()) {
      out += line + "\n";
    }
  }
  return out;
}

[[noreturn]] void fail_other_numbers(int numbers, const std::string& origin) {
  fail(Fault::data,
       fmt::format("{}: was trained on features of version {}, but this build computes version {}; retrain "
                   "it, or use the build that made it",
                   origin, numbers, kFeatureNumbers));
}

// The hash of version 0 was that of all settings as text, in the order in which the config has them, and its numbers
// were those of version 1.
void expect_features_of_version_0(const std::string& config, const std::string& hash, const std::string& origin) {
  if (const std::string is = sha256_hex(section_text(config, "features")); is != hash)
    fail(Fault::data,
         fmt::format("{}: was trained on features with hash {:.12}, but the feature settings in its config "
                     "have hash {:.12}; the file was altered",
                     origin, hash, is));
  constexpr int kNumbersOfVersion0 = 1;
  if (kFeatureNumbers != kNumbersOfVersion0) fail_other_numbers(kNumbersOfVersion0, origin);
}

}  // namespace

void put_recipe_version(TensorFile& file) { file.metadata[kVersion] = std::to_string(kRecipeVersion); }

void put_feature_recipe(TensorFile& file, const FeatureConfig& features) {
  file.metadata[kRecipe] = feature_recipe(features);
  file.metadata[kHash] = sha256_hex(file.metadata[kRecipe]);
}

int recipe_version(const TensorFile& file, const std::string& origin) {
  if (!file.metadata.contains(kVersion)) return 0;
  const int version = metadata_number<int>(file, kVersion, origin, 1);
  if (version > kRecipeVersion)
    fail(Fault::io,
         fmt::format("{}: was written by a newer cutract: its settings have version {}, but this build reads "
                     "versions up to {}; use a newer build",
                     origin, version, kRecipeVersion));
  return version;
}

std::string stored_config(const TensorFile& file, const std::string& origin) {
  return migrated(metadata_text(file, "config", origin), recipe_version(file, origin));
}

void expect_same_features(const TensorFile& file, const FeatureConfig& features, const std::string& origin) {
  const std::string& hash = metadata_text(file, kHash, origin);
  const int version = recipe_version(file, origin);
  if (version == 0) return expect_features_of_version_0(metadata_text(file, "config", origin), hash, origin);
  const std::string& stored = metadata_text(file, kRecipe, origin);
  if (sha256_hex(stored) != hash)
    fail(Fault::data,
         fmt::format("{}: its feature_recipe does not match its feature_hash; the file was altered", origin));
  const std::string was = migrated(stored, version), is = feature_recipe(features);
  const std::string apart = first_difference(was, is);
  if (apart.empty()) return;
  int numbers = 0;
  if (std::istringstream(was.substr(was.find('=') + 1)) >> numbers && numbers != kFeatureNumbers)
    fail_other_numbers(numbers, origin);
  fail(Fault::data,
       fmt::format("{}: was trained on different features than its config describes ({}); the file was altered", origin,
                   apart));
}

}  // namespace cutract
