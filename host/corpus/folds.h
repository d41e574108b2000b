#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/core/choices.h"
#include "host/corpus/corpus.h"
#include "host/corpus/splits.h"

namespace cutract {

// What utterances must share to stay in one split. Sentences are compared by the column text, letter by letter.
enum class GroupBy { sentence, speaker, utterance };
template <>
inline constexpr auto kNames<GroupBy> = std::to_array<Named<GroupBy>>({{GroupBy::sentence, "sentence"},
                                                                       {GroupBy::speaker, "speaker"},
                                                                       {GroupBy::utterance, "utterance"}});

// Returns the group of each utterance. Throws Error{data} if sentences are asked for and an utterance has no text.
std::vector<std::string> groups_of(const Corpus&, GroupBy);

struct FoldPlan {
  GroupBy by = GroupBy::sentence;
  int count = 5;           // 0: one fold for each group, named after it
  double val_share = 0.1;  // of the utterances outside the test part
  std::int64_t seed = 1;
};

// One division of a corpus: the split of each utterance, "train", "val" or "test".
struct Fold {
  std::string name;  // can name a folder
  std::vector<std::string> splits;
};

// Divides the groups into folds of about as many utterances; each fold is the test part once. The validation part is
// taken from the rest by sentence, or by utterance if some have no text. The same corpus and plan give the same folds.
// Throws Error{data} if there are fewer groups than folds, or too few for a training and a validation part.
std::vector<Fold> plan_folds(const Corpus&, const FoldPlan&);

// Writes a corpus folder that shares the audio and arrays of `corpus`, by absolute paths, and gives its utterances
// these splits; all else is kept. If `out` holds exactly this already, nothing is written. Throws Error{io} if it holds
// anything else.
void write_with_splits(const Corpus&, const std::vector<std::string>& splits, const std::string& out);

}  // namespace cutract
