#pragma once

#include "host/core/philox.h"  // CUTRACT_HD
#include "host/device/ragged.h"

namespace cutract {

// The utterances of a packed batch divided into tiles of `each` rows; the last tile of an utterance may have fewer. The
// tiles of utterance u are numbered from offset[u] / each + u, so no list of tiles is needed and their number depends
// on the shape of the batch alone; at most one number per utterance stays unused. The rows after the last utterance
// have tiles too, as if they were one more utterance.
struct RaggedTiles {
  Ragged ragged;
  Index each = 1;

  struct Tile {
    Index utterance;
    Index start, length;  // of its utterance: the first row in the batch, and the number of rows
    Index first, rows;    // of the tile, counted from the start of its utterance; empty if rows <= 0
    bool behind;          // whether its rows are after the last utterance
  };

  CUTRACT_HD Index count() const { return ragged.frames / each + ragged.utterances + 1; }
  CUTRACT_HD Index start(Index utterance) const {
    if (utterance < ragged.utterances) return ragged.offset.data[utterance];
    return utterance == 0 ? 0 : Index{ragged.offset.data[utterance - 1]} + ragged.length.data[utterance - 1];
  }
  // The tiles of an utterance are first_tile .. first_tile + tiles_of - 1.
  CUTRACT_HD Index first_tile(Index utterance) const { return start(utterance) / each + utterance; }
  CUTRACT_HD Index tiles_of(Index utterance) const { return (ragged.length.data[utterance] + each - 1) / each; }
  CUTRACT_HD Tile at(Index tile) const {
    Index utterance = 0, end = ragged.utterances + 1;
    while (end - utterance > 1) {
      const Index middle = (utterance + end) / 2;
      (first_tile(middle) <= tile ? utterance : end) = middle;
    }
    const bool behind = utterance == ragged.utterances;
    const Index from = start(utterance);
    const Index length = behind ? ragged.frames - from : Index{ragged.length.data[utterance]};
    const Index first = (tile - first_tile(utterance)) * each, left = length - first;
    return {utterance, from, length, first, left < each ? left : each, behind};
  }
};

}  // namespace cutract
