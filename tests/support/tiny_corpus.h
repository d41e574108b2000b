#pragma once

#include <string>

#include "tests/support/support.h"

namespace cutract::test {

// A corpus of a few half-second utterances whose two channels follow the pitch and loudness of the audio. It is small
// enough to train on in a test, and realistic enough that the loss decreases. Splits are train (6), val (2) and test
// (2), with speakers "a" and "b".
struct TinyCorpus {
  TempFolder folder;
  std::string dir;
  TinyCorpus();
  std::string config(const std::string& extra = "") const;  // TOML for a tiny model on this corpus
};

}  // namespace cutract::test
