#pragma once

#include <string>
#include <vector>

namespace cutract {

struct StemUtterance {
  std::string id, speaker, emotion, text, split;
  std::string audio, ema;  // paths
};

// Returns the utterances of a STEM-E2VA folder, sorted by id: those of its manifest.tsv if it has one, otherwise every
// pair of ID.wav (or .flac) and ID.mat below it, as the authors publish them. ID = speaker (letters), sex (F or M),
// emotion (2 letters), sentence (2 digits), e.g. CXYFNE04; the sex may be absent. Sentences 04, 09 and 15 are the test
// split, 02 and 12 the validation split. Files without a partner, or with a different form of name, are skipped with a
// warning. Throws Error{data} if there is no utterance.
std::vector<StemUtterance> read_stem_source(const std::string& folder);

}  // namespace cutract
