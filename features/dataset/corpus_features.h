#pragma once

#include "features/config.h"
#include "host/corpus/corpus.h"

namespace cutract {

// Whether a stream of the config reads features that were computed elsewhere.
bool reads_files(const FeatureConfig&);

// Returns the settings with what the streams `file` leave to the corpus: the number of columns, from the first array
// that the manifest lists, their rate, and the time of their first row. Throws Error{data} if the corpus has no arrays,
// and Error{config} if an option contradicts corpus.toml.
FeatureConfig with_files_of(FeatureConfig, const Corpus&);

}  // namespace cutract
