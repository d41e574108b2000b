"""The recordings of a corpus."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from . import _native
from ._audio import Path, encoded
from ._errors import DataError, UsageError
from ._log import logger


class Utterance:
    """One recording with its movement.

    id, speaker, split, text   as the manifest has them
    audio                      float32 [samples], one channel with full scale 1
    rate                       of the samples, in Hz
    target                     float32 [frames, channels], measured movement in the units of the channels; NaN: not measured
    target_times               float64 [frames], seconds from the first sample
    channels, units            of the columns of target
    """

    def __init__(
        self,
        id: str,  # noqa: A002  as in the manifest
        speaker: str,
        split: str,
        text: str,
        audio: npt.NDArray[np.float32],
        rate: int,
        target: npt.NDArray[np.float32],
        target_times: npt.NDArray[np.float64],
        channels: tuple[str, ...],
        units: tuple[str, ...],
    ) -> None:
        self.id = id
        self.speaker = speaker
        self.split = split
        self.text = text
        self.audio = audio
        self.rate = rate
        self.target = target
        self.target_times = target_times
        self.channels = channels
        self.units = units

    def target_at(self, times: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Interpolates the target linearly at these times, in seconds: float32 [times, channels].

        With the times of features or of a prediction, the rows belong together. Times outside get the nearest frame.
        """
        at = np.asarray(times, dtype=np.float64)
        columns = [np.interp(at, self.target_times, column) for column in self.target.T]
        return np.stack(columns, axis=1).astype(np.float32)

    def __repr__(self) -> str:
        seconds = len(self.audio) / self.rate
        return f"Utterance({self.id!r}: speaker {self.speaker}, split {self.split}, {seconds:.2f} s, {self.target.shape[1]} channels)"


class Corpus(Sequence[Utterance]):
    """The utterances of a corpus folder (docs/add-a-corpus.md), in the order of its manifest.

    An item is read from the disk when it is asked for, so a corpus can be larger than the memory. It has what
    torch.utils.data.Dataset needs: `len`, `[i]`, and it can be sent to worker processes.

    path     folder with corpus.toml and manifest.tsv
    split    name of the split to keep; None: all utterances
    channel  of audio files with several channels, from 1; 0: the average of all
    """

    def __init__(self, path: Path, split: str | None = None, channel: int = 0) -> None:
        self._path = os.fspath(path)
        self._channel = channel
        self._corpus = _native.open_corpus(encoded(path, "corpus"), channel)
        self._manifest = self._corpus.manifest()
        self._rows = list(range(len(self._manifest)))
        channels = self._corpus.channels()
        self._channels = tuple(name for name, _ in channels)
        self._units = tuple(unit for _, unit in channels)
        self._noted: set[str] = set()
        if split is not None:
            self._rows = self.split(split)._rows

    @property
    def name(self) -> str:
        """Name of the corpus."""
        return self._corpus.name

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels of every target."""
        return self._channels

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the channels."""
        return self._units

    @property
    def sample_rate(self) -> int:
        """Rate of all audio, in Hz."""
        return self._corpus.sample_rate

    @property
    def target_rate(self) -> float:
        """Frames of movement per second."""
        return self._corpus.articulation_rate_hz

    @property
    def ids(self) -> tuple[str, ...]:
        """The id of each utterance; reads no audio."""
        return tuple(self._manifest[row][0] for row in self._rows)

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speaker of each utterance; reads no audio."""
        return tuple(self._manifest[row][1] for row in self._rows)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, sorted."""
        return tuple(sorted({self._manifest[row][2] for row in self._rows}))

    def split(self, name: str) -> Corpus:
        """Returns the utterances of one split."""
        rows = [row for row in self._rows if self._manifest[row][2] == name]
        if not rows:
            raise DataError(f"{self._path}: has no split {name!r}, expected one of {', '.join(self.splits)}")
        return self._with_rows(rows)

    def _with_rows(self, rows: list[int]) -> Corpus:
        part = object.__new__(Corpus)
        part.__dict__.update(self.__dict__)
        part._rows = rows
        return part

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Utterance: ...
    @overload
    def __getitem__(self, index: slice) -> Corpus: ...
    def __getitem__(self, index: int | slice) -> Utterance | Corpus:
        if isinstance(index, slice):
            return self._with_rows(self._rows[index])
        try:
            row = self._rows[index]
        except TypeError:
            raise UsageError(f"index: expected the number of an utterance, got {type(index).__name__}") from None
        audio, target, first_s, notes = self._corpus.read(row)
        id_, speaker, split, text = self._manifest[row]
        for note in notes:
            if note not in self._noted:
                logger.warning("%s: %s; pass channel=N for one channel (further files of this kind are not named)", id_, note)
                self._noted.add(note)
        times = first_s + np.arange(len(target), dtype=np.float64) / self.target_rate
        return Utterance(id_, speaker, split, text, audio, self.sample_rate, target, times, self._channels, self._units)

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self._path, "channel": self._channel, "rows": self._rows}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["path"], channel=state["channel"])  # type: ignore[misc]
        self._rows = state["rows"]

    def __repr__(self) -> str:
        return f"Corpus({self._path!r}: {len(self)} utterances, splits {', '.join(self.splits)}, {len(self._channels)} channels)"
