"""What a call returns: an array with one row per frame, and what its columns and rows are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._errors import UsageError


class _Frames:
    values: npt.NDArray[np.float32]
    first_s: float
    step_s: float
    _names: tuple[str, ...]

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """Centre time of each frame, in seconds from the first sample: float64 [frames]."""
        return self.first_s + np.arange(len(self.values), dtype=np.float64) * self.step_s

    def __array__(self, dtype: npt.DTypeLike = None, copy: bool | None = None) -> npt.NDArray[np.generic]:
        if copy:
            return np.array(self.values, dtype=dtype)
        return np.asarray(self.values, dtype=dtype)

    def _column(self, kind: str, name: str) -> npt.NDArray[np.float32]:
        if name not in self._names:
            raise UsageError(f"{kind} {name!r}: expected one of {', '.join(self._names)}")
        return self.values[:, self._names.index(name)]


class Movement(_Frames):
    """Predicted movement.

    values   float32 [frames, channels], in the units of the channels
    channels names of the columns, e.g. "tt_x"
    units    their units, e.g. "mm"
    times    float64 [frames], seconds
    first_s  time of the first frame; step_s: time between frames, in seconds
    """

    def __init__(
        self,
        values: npt.NDArray[np.float32],
        channels: tuple[str, ...],
        units: tuple[str, ...],
        first_s: float,
        step_s: float,
    ) -> None:
        self.values = values
        self.channels = channels
        self.units = units
        self.first_s = first_s
        self.step_s = step_s
        self._names = channels

    def channel(self, name: str) -> npt.NDArray[np.float32]:
        """Returns one channel by name: float32 [frames], a view of `values`."""
        return self._column("channel", name)

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        return f"Movement({rows} frames every {1000 * self.step_s:g} ms, {columns} channels: {' '.join(self.channels)})"


class Features(_Frames):
    """Features of speech.

    values   float32 [frames, columns]
    columns  names of the columns, e.g. "mel_17"
    times    float64 [frames], seconds
    first_s  time of the first frame; step_s: time between frames, in seconds
    """

    def __init__(self, values: npt.NDArray[np.float32], columns: tuple[str, ...], first_s: float, step_s: float) -> None:
        self.values = values
        self.columns = columns
        self.first_s = first_s
        self.step_s = step_s
        self._names = columns

    def column(self, name: str) -> npt.NDArray[np.float32]:
        """Returns one column by name: float32 [frames], a view of `values`."""
        return self._column("column", name)

    def __repr__(self) -> str:
        rows, columns = self.values.shape
        return f"Features({rows} frames every {1000 * self.step_s:g} ms, {columns} columns)"
