#pragma once

#include "kernels/starts.h"

namespace cutract {

// Utterances cut into tiles of `each` rows or, at their ends, fewer. Those of utterance u are numbered from
// start / each + u on, so that no list of tiles is needed; up to one number of each utterance stays empty.
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
  // The rows of a tile, the first one counted from the beginning of its utterance; none if rows <= 0.
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
