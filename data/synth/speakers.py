"""The five synthetic speakers, and the seeded variation of an utterance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Speaker:
    """What differs between speakers. `length_scale` multiplies every length of VocalTractLab's speaker JD3."""

    name: str
    length_scale: float
    f0_hz: float
    accent_st: float  # height of a pitch accent
    words_per_minute: int
    breathiness: float  # -1 pressed .. 0 modal .. 1 breathy
    pressure_dpa: float
    slowness: float  # multiplies the gestures' time constant
    reduction: float  # how far vowels are drawn to schwa
    jaw_gain: float  # scales the jaw's departure from its mean angle


# length_scale * 16000 / 44100 must be a ratio of small integers, since the audio is resampled by it: steps of 1/100.
SPEAKERS: tuple[Speaker, ...] = (
    Speaker("spk1", 1.00, 112.0, 3.0, 140, 0.00, 8000.0, 1.00, 0.05, 1.0),
    Speaker("spk2", 0.86, 196.0, 3.6, 150, 0.35, 7600.0, 0.96, 0.10, 1.2),
    Speaker("spk3", 1.05, 94.0, 2.2, 130, -0.30, 8400.0, 1.08, 0.00, 0.9),
    Speaker("spk4", 0.90, 172.0, 3.2, 158, -0.15, 8200.0, 0.94, 0.14, 1.1),
    Speaker("spk5", 0.95, 138.0, 2.8, 145, 0.20, 7800.0, 1.04, 0.08, 1.0),
)
HELD_OUT = "spk5"


def rng_for(*labels: str) -> np.random.Generator:
    """A generator that depends on the labels only, so that one utterance can be made without the others."""
    digest = hashlib.sha256("/".join(("cutract corpus 1", *labels)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


# Standard deviations (cm, degrees) of a speaker's constant habit, and of one vowel token.
HABIT_SD: dict[str, float] = {
    "JA": 0.35, "LP": 0.10, "LD": 0.06, "TCX": 0.10, "TCY": 0.06, "TTX": 0.08, "TTY": 0.08, "TBX": 0.06, "TBY": 0.06,
    "HY": 0.15,
}
TOKEN_SD: dict[str, float] = {
    "JA": 0.40, "LP": 0.06, "LD": 0.07, "TCX": 0.08, "TCY": 0.05, "TTX": 0.10, "TTY": 0.10, "TBX": 0.06, "TBY": 0.06,
    "HY": 0.10,
}


def offsets(rng: np.random.Generator, sd: dict[str, float], scale: float = 1.0) -> dict[str, float]:
    """Normal offsets, cut at two standard deviations."""
    return {name: float(np.clip(rng.standard_normal(), -2.0, 2.0)) * s * scale for name, s in sd.items()}
