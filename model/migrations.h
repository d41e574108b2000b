#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace cutract {

// The version of the settings that a model or a training state stores as text. It rises when a key is renamed, split or
// removed; a new key does not raise it. Files without a version are of version 0 (docs/versioning.md).
inline constexpr int kRecipeVersion = 1;

// A setting as text: "trainer.max_epochs" and its TOML value.
struct StoredSetting {
  std::string key, value;
};

// One renamed, split or removed key.
struct Migration {
  int version;      // the first recipe version without the key
  std::string was;  // "section.key"
  std::function<std::vector<StoredSetting>(const std::string& value)> becomes;
};
// For a key that kept its meaning.
std::function<std::vector<StoredSetting>(const std::string&)> renamed_to(std::string key);

// Every migration, oldest first. A row stays for as long as files of its version are promised to load.
std::span<const Migration> migrations();

// Returns the TOML of a config that a build with recipe `version` wrote, as this build names its keys. Text without a
// migrated key is returned as it is; so is each line that is neither a section nor a setting.
std::string migrated(const std::string& text, int version, std::span<const Migration> rows = migrations());

}  // namespace cutract
