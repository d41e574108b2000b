#pragma once

#include <array>

#include "host/core/choices.h"

// What the options of the command line choose between. Help, completions, errors and the names of files take the words
// from these tables.
namespace cutract::cli {

enum class PredictionFormat { csv, npz, json };
enum class FeatureFormat { npy, npz, csv };
// Whose statistics normalise the features of a speaker whom training did not see: the speaker's own, or those of the
// training data.
enum class FeatureStatistics { audio, training };
enum class Shell { bash, zsh, fish };

}  // namespace cutract::cli

namespace cutract {

template <>
inline constexpr auto kNames<cli::PredictionFormat> = std::to_array<Named<cli::PredictionFormat>>(
    {{cli::PredictionFormat::csv, "csv"}, {cli::PredictionFormat::npz, "npz"}, {cli::PredictionFormat::json, "json"}});
template <>
inline constexpr auto kNames<cli::FeatureFormat> = std::to_array<Named<cli::FeatureFormat>>(
    {{cli::FeatureFormat::npy, "npy"}, {cli::FeatureFormat::npz, "npz"}, {cli::FeatureFormat::csv, "csv"}});
template <>
inline constexpr auto kNames<cli::FeatureStatistics> = std::to_array<Named<cli::FeatureStatistics>>(
    {{cli::FeatureStatistics::audio, "audio"}, {cli::FeatureStatistics::training, "training"}});
template <>
inline constexpr auto kNames<cli::Shell> = std::to_array<Named<cli::Shell>>({{cli::Shell::bash, "bash"},
                                                                             {cli::Shell::zsh, "zsh"},
                                                                             {cli::Shell::fish, "fish"}});

}  // namespace cutract
