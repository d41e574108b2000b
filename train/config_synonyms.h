#pragma once

#include "host/core/fields.h"

namespace cutract {

// What users of PyTorch, Lightning, Kaldi, ESPnet and librosa call our settings, for "did you mean".
void add_synonyms(FieldTable&);

}  // namespace cutract
