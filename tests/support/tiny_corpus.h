#pragma once

#include <string>

#include "tests/support/support.h"

namespace cutract::test {

// A corpus of a few half-second utterances whose two channels follow the pitch and loudness of the audio: small enough
// to train on in a test, real enough that a loss falls. Splits train (6), val (2), test (2), of speakers "a" and "b".
struct TinyCorpus {
  TempFolder folder;
  std::string dir;
  TinyCorpus();
  std::string config(const std::string& extra = "") const;  // TOML for a tiny model on it
};

}  // namespace cutract::test
