"""Features of speech: log-mels and MFCCs."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any, Callable

from . import _native
from ._audio import Audio, Path, encoded, expect_finite, samples_of
from ._errors import DataError, Error
from ._frames import Features
from ._settings import assignments, in_python

_MOST_KEPT = 8
_kept: dict[tuple[str, ...], _native.Extractor] = {}  # the ones used last, because their tables take time to compute
_lock = threading.Lock()
_of_parents: list[object] = []


def _forget_after_fork() -> None:
    # The threads of the parent's extractors are not in this process, so these must be neither used nor ended.
    global _kept, _lock
    _of_parents.append(_kept)
    _kept, _lock = {}, threading.Lock()


os.register_at_fork(after_in_child=_forget_after_fork)


def _keep(key: tuple[str, ...], make: Callable[[], _native.Extractor]) -> _native.Extractor:
    with _lock:
        if key not in _kept:
            made = make()
            while len(_kept) >= _MOST_KEPT:
                del _kept[next(iter(_kept))]
            _kept[key] = made
        return _kept[key]


def extractor_of_model(config: str) -> _native.Extractor:
    """Returns what computes the features that a model with this config reads."""
    return _keep(("model", config), lambda: _native.Extractor.of_model(config))


def _extractor(config: Path | None, given: list[str]) -> _native.Extractor:
    try:
        if config is not None:  # the file may change
            return _native.Extractor(encoded(config, "config"), given)
        return _keep(("settings", *given), lambda: _native.Extractor(b"", given))
    except Error as error:
        raise in_python(error, given) from None


def features(
    audio: Audio,
    sample_rate: float | None = None,
    *,
    config: Path | None = None,
    channel: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002  named as in train
    **settings: Any,
) -> Features:
    """Computes the features that a model reads, as `cutract features` does.

    audio        path of an audio file, or samples: floats with full scale 1 (float32 is not copied), int16 or int32, [samples]
    sample_rate  of the samples, in Hz; left out for a file. Audio at another rate than the features' is resampled
    config       TOML config file whose section [features] is used
    channel      of a file with several channels, from 1; 0: the average of all (the default)
    set          further settings by their full name, e.g. {"features.sample_rate": 8000}
    settings     the keys of [features]: preset="kaldi", n_mels=40, kind="mfcc", deltas=2, streams=["mel", "mfcc"], ...
                 `cutract help config features` lists them with their ranges and defaults

    Returns Features: values float32 [frames, columns], columns, times.
    """
    given = assignments(set) + assignments(settings, "features.")
    extractor = _extractor(config, given)
    samples, rate = samples_of(audio, sample_rate, channel, 0)
    expect_finite(samples)
    values = extractor.compute(samples, rate)
    if len(values) == 0:
        raise DataError(f"samples: has {len(samples)} samples, too few for one frame of features; give longer audio")
    return Features(values, tuple(extractor.columns()), extractor.first_s, extractor.step_s)
