"""Turns what a user passes as audio into one channel of samples."""

from __future__ import annotations

import os
from typing import Union

import numpy as np
import numpy.typing as npt

from . import _native
from ._errors import DataError, UsageError
from ._log import logger

Path = Union[str, "os.PathLike[str]"]
Audio = Union[Path, npt.ArrayLike]
Samples = npt.NDArray[np.float32]

# What full scale 1 is in each integer type, as in audio files.
_FULL_SCALE = {np.dtype(np.int16): 2.0**15, np.dtype(np.int32): 2.0**31}


def encoded(path: object, what: str) -> bytes:
    """Returns a path as the bytes that the system calls it."""
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"{what}: expected a path, got {type(path).__name__}")
    return os.fsencode(path)


def name_of(value: object, what: str) -> str:
    """Returns a text that is to be one, such as the name of a device."""
    if not isinstance(value, str):
        raise UsageError(f"{what}: expected a text, got {type(value).__name__}")
    return value


def samples_of(audio: Audio, sample_rate: float | None, channel: int | None, own_channel: int) -> tuple[Samples, int]:
    """Returns one channel of samples with full scale 1, and their rate in Hz. An array of float32 without gaps is not copied.

    `channel` is what the user chose (None: nothing), `own_channel` what is taken otherwise.
    """
    if isinstance(audio, (str, os.PathLike)):
        return _from_file(audio, sample_rate, channel, own_channel)
    samples = _from_array(audio)
    if channel is not None:
        raise UsageError("channel: chooses a channel of an audio file, and an array has only one; leave channel out")
    if sample_rate is None:
        raise UsageError("sample_rate: is missing; an array does not say how it was sampled, so pass its rate in Hz, e.g. sample_rate=16000")
    return samples, _rate(sample_rate)


def _rate(sample_rate: object) -> int:
    try:
        rate = float(sample_rate)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        rate = 0.5
    if not rate.is_integer():
        raise UsageError(f"sample_rate: is {sample_rate!r}, expected a whole number of Hz, e.g. 16000")
    if not _native.LOWEST_RATE <= rate <= _native.HIGHEST_RATE:
        raise DataError(f"sample_rate: is {rate:.0f} Hz, expected {_native.LOWEST_RATE} to {_native.HIGHEST_RATE} Hz")
    return int(rate)


def _from_file(path: object, sample_rate: float | None, channel: int | None, own_channel: int) -> tuple[Samples, int]:
    if channel is not None and (isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel <= 64):
        raise UsageError(f"channel: is {channel!r}, expected 0 for the average of all channels, or 1 to 64")
    samples, rate, notes = _native.read_audio(encoded(path, "audio"), own_channel if channel is None else channel)
    if channel is None:
        for note in notes:
            logger.warning("%s: %s; pass channel=N for one channel, channel=0 if the average is wanted", os.fspath(path), note)  # type: ignore[call-overload]
    if sample_rate is not None and _rate(sample_rate) != rate:
        raise UsageError(f"sample_rate: is {_rate(sample_rate)}, and {os.fsdecode(path)} has {rate} Hz; leave sample_rate out for files")  # type: ignore[arg-type]
    return samples, rate


def _from_array(audio: Audio) -> Samples:
    try:
        array = np.asarray(audio)
    except Exception as why:  # lists of unequal lengths, tensors on a GPU or with a gradient, ...
        raise UsageError(f"samples: cannot be made an array of numpy: {why}") from why
    if array.ndim == 2 and 1 in array.shape:  # one channel, as torchaudio and soundfile return it
        array = array.reshape(-1)
    if array.ndim != 1:
        raise UsageError(
            f"samples: has shape {array.shape}, expected one channel, shape (samples,); average the channels or choose one, e.g. x[:, 0]"
        )
    full_scale = _FULL_SCALE.get(array.dtype.newbyteorder("="))
    if full_scale is None and array.dtype.kind != "f":
        raise UsageError(f"samples: dtype is {array.dtype}, expected floats with full scale 1, int16 or int32")
    samples = np.ascontiguousarray(array, dtype=np.float32)
    return samples if full_scale is None else samples / np.float32(full_scale)


def expect_finite(samples: Samples) -> None:
    """Throws as the prediction does."""
    if not np.isfinite(samples).all():
        first = int(np.argmin(np.isfinite(samples)))
        raise DataError(f"samples: sample {first} is {samples[first]}, expected a finite number")
