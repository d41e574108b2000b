#pragma once

#include <string>

#include "features/config.h"
#include "host/io/safetensors.h"

namespace cutract {

// The recipe of a stored file: its config as text, which version of the settings that is, and what its features are.

// Adds the version, and for a model the recipe and the hash of its features.
void put_recipe_version(TensorFile&);
void put_feature_recipe(TensorFile&, const FeatureConfig&);

// Returns the version; 0 if there is none. Throws Error{io} if a newer build wrote the file.
int recipe_version(const TensorFile&, const std::string& origin);

// Returns the stored config, with this build's names of the keys. Throws as recipe_version does, and Error{data} if
// there is no config.
std::string stored_config(const TensorFile&, const std::string& origin);

// Throws Error{data} if the file's features were not the ones that this build computes from its config, which
// is given too.
void expect_same_features(const TensorFile&, const FeatureConfig&, const std::string& origin);

}  // namespace cutract
