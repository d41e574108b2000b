#pragma once

#include <span>
#include <string>

#include "host/corpus/corpus.h"

namespace cutract {

// When none of these utterances can be used: a mistake in corpus.toml, or in the way all arrays were saved, that
// all of them share. Returns one line per mistake, which names what is wrong and the right value, or "" if the
// utterances have no cause in common. Reads at most 100 of them.
std::string common_cause(const Corpus&, std::span<const Utterance* const> utterances);

}  // namespace cutract
