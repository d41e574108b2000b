"""Makes lowpass.safetensors: zero-phase Butterworth low-passes by SciPy's filtfilt, in float64."""

from __future__ import annotations

import sys

import golden_io  # first: it sets the number of BLAS threads
import numpy as np
import scipy
from scipy.signal import butter, filtfilt

# name: order, cutoff (Hz), rate (Hz), frames
CASES = {
    "stem": (5, 20.0, 250.0, 300),
    "even": (4, 10.0, 100.0, 120),
    "first": (1, 6.0, 200.0, 40),
    "steep": (8, 30.0, 500.0, 200),
    "shortest": (5, 20.0, 250.0, 19),
}


def track(rng: np.random.Generator, frames: int) -> np.ndarray:
    """A walk with an offset and a slope, so that the ends matter."""
    walk = np.cumsum(rng.standard_normal(frames))
    return 40.0 + 0.05 * np.arange(frames) + walk + 0.5 * rng.standard_normal(frames)


def build() -> dict[str, golden_io.Fixture]:
    rng = np.random.default_rng(20)
    fixture = golden_io.Fixture(metadata={"tools": f"numpy {np.__version__}, scipy {scipy.__version__}"})
    for name, (order, cutoff, rate, frames) in CASES.items():
        x = track(rng, frames)
        b, a = butter(order, cutoff, fs=rate)
        fixture.tensors[f"{name}.params"] = np.array([order, cutoff, rate])
        fixture.tensors[f"{name}.x"] = x
        fixture.tensors[f"{name}.y"] = filtfilt(b, a, x)
    return {"lowpass.safetensors": fixture}


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__, "tests/golden/make_lowpass.py", build))
