#pragma once

#include <string>

#include "features/config.h"

namespace cutract {

// Rises by hand when the numbers that the same settings give change by more than rounding, so that a model trained on
// the old numbers is refused instead of predicting from the new ones.
inline constexpr int kFeatureNumbers = 1;

// Returns what decides the numbers of features: kFeatureNumbers, and each setting that differs from its default, as
// TOML. A setting that is added later, and left at its default, therefore leaves the recipe of earlier models as it is.
// `preset` and `engine` are not part of it: the first only gives the other settings their values, the second only
// decides how they are computed.
std::string feature_recipe(const FeatureConfig&);

// Returns the TOML line that one recipe has and the other lacks; "" if they are equal.
std::string first_difference(const std::string& recipe, const std::string& other);

}  // namespace cutract
