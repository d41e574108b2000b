#pragma once

#include "kernels/starts.h"

namespace cutract {

// Utterances divided into tiles of `each` rows; the last tile of an utterance may have fewer. The tiles of utterance u
// are numbered from start / each + u, so no list of tiles is needed; at most one number per utterance stays unused.
struct Tiles {
  Starts starts;
  Index rows = 0, each = 1;

  CUTRACT_HD Index count() const { return rows / each + utterances_in(starts); }
  CUTRACT_HD Index first(Index utterance) const { return start_of(starts, utterance, rows) / each + utterance; }
  CUTRACT_HD Index utterance_of(Index tile) const {
    Index from = 0, end = utterances_in(starts);
    while (end - from > 1) {
      const Index middle = (from + end) / 2;
      (first(middle) <= tile ? from : end) = middle;
    }
    return from;
  }
  // The rows of a tile; `first` counts from the beginning of its utterance. The tile is empty if rows <= 0.
  struct Tile {
    Index first, rows;
  };
  CUTRACT_HD Tile at(Index tile, Index utterance) const {
    const Index from = (tile - first(utterance)) * each;
    const Index left = start_of(starts, utterance + 1, rows) - start_of(starts, utterance, rows) - from;
    return {from, left < each ? left : each};
  }
};

}  // namespace cutract
