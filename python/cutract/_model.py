"""A trained model that turns speech into movement."""

from __future__ import annotations

import os
from typing import Any

from . import _native
from ._audio import Audio, Path, encoded, name_of, samples_of
from ._errors import UsageError
from ._frames import Movement


def load(path: Path, device: str = "auto") -> Model:
    """Loads a run folder of a training, a checkpoint folder or a .safetensors file.

    device  "auto" (a GPU if one can be used, otherwise the CPU), "cpu", "cuda" or "cuda:N"
    """
    return Model(path, device)


class Model:
    """A trained model. Load it once and use it for any number of recordings.

    Calls from several threads are safe and run one after the other; models that were loaded separately run at the same time. A
    model cannot be used in a process that was forked after it was loaded: load it there.
    """

    def __init__(self, path: Path, device: str = "auto") -> None:
        self._inverter = _native.Inverter.load(encoded(path, "model"), name_of(device, "device"))
        self._path = os.fspath(path)
        self._device = device
        self._process = os.getpid()
        channels = self._inverter.channels()
        self._channels = tuple(name for name, _ in channels)
        self._units = tuple(unit for _, unit in channels)
        self._info: dict[str, Any] = self._inverter.origin()
        self._info["checkpoint"] = os.fsdecode(self._info["checkpoint"])

    @property
    def path(self) -> str:
        """The path that was loaded."""
        return self._path

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the predicted channels, e.g. "tt_x"."""
        return self._channels

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the predicted channels, e.g. "mm"."""
        return self._units

    @property
    def sample_rate(self) -> int:
        """Rate in Hz at which the model computes; audio at another rate is resampled."""
        return self._inverter.sample_rate

    @property
    def step_s(self) -> float:
        """Time between predicted frames, in seconds."""
        return self._inverter.step_s

    @property
    def speakers(self) -> tuple[str, ...]:
        """The training speakers whose statistics `predict` can use."""
        return tuple(self._inverter.speakers())

    @property
    def info(self) -> dict[str, Any]:
        """Where the model comes from: checkpoint, corpus, epoch, val_loss, config (TOML text), audio_channel."""
        return dict(self._info)

    def predict(
        self, audio: Audio, sample_rate: float | None = None, *, speaker: str | None = None, channel: int | None = None
    ) -> Movement:
        """Predicts the movement for one recording, with the values of `cutract predict`.

        audio        path of an audio file, or samples: floats with full scale 1 (float32 is not copied), int16 or int32, [samples]
        sample_rate  of the samples, in Hz, 1000 to 768000; left out for a file
        speaker      name of a training speaker whose statistics to use; None: anyone else
        channel      of a file with several channels, from 1; 0: the average of all (default: as in training)

        Returns Movement: values float32 [frames, channels], channels, units, times. Other Python threads run meanwhile.
        """
        if self._process != os.getpid():
            raise UsageError(
                f"{self._path}: this model was loaded before the process was forked, and its threads are not in this process; load it here"
            )
        name = "" if speaker is None else name_of(speaker, "speaker")
        samples, rate = samples_of(audio, sample_rate, channel, self._info["audio_channel"])
        values, first_s, step_s = self._inverter.predict(samples, rate, name)
        return Movement(values, self._channels, self._units, first_s, step_s)

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self._path, self._device)

    def __repr__(self) -> str:
        info = self._info
        return (
            f"Model({self._path!r}: {len(self._channels)} channels every {1000 * self.step_s:g} ms, "
            f"epoch {info['epoch']} on {info['corpus']}, val_loss {info['val_loss']:.4g})"
        )
