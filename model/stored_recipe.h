#pragma once

#include <string>

#include "features/config.h"
#include "host/io/safetensors.h"

namespace cutract {

// A stored model or training state holds its config as text, the version of the settings in that text, and, if it is a
// model, a recipe of its features with a hash. These functions write and read them.

void put_recipe_version(TensorFile&);
void put_feature_recipe(TensorFile&, const FeatureConfig&);

// Returns the version; 0 if there is none. Throws Error{io} if a newer build wrote the file.
int recipe_version(const TensorFile&, const std::string& origin);

// Returns the stored config, with keys named as in this build. Throws Error{data} if there is no config, and what
// recipe_version throws.
std::string stored_config(const TensorFile&, const std::string& origin);

// Throws Error{data} unless this build computes the features that the model was trained on. The FeatureConfig is that
// of the model's config.
void expect_same_features(const TensorFile&, const FeatureConfig&, const std::string& origin);

}  // namespace cutract
