#pragma once

#include "host/core/fields.h"

namespace cutract {

// Adds the names by which users of PyTorch, Lightning, Kaldi, ESPnet and librosa know our settings, for "did you mean".
void add_synonyms(FieldTable&);

}  // namespace cutract
