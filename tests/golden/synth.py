"""The input signals of the feature goldens: 16 kHz, every sample a 16 bit integer over 32768."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

RATE = 16000
FULL_SCALE = 32768.0
Signals = dict[str, np.ndarray]

ABOUT = {
    "speech": "glottal pulses through four moving formants, a fricative, a pause; over white noise of -60 dBFS; 1.2 s",
    "noise": "white noise of -60 dBFS; 0.75 s",
    "chirp": "exponential sine sweep, 100 Hz to 7 kHz, amplitude 0.25, over white noise of -50 dBFS; 1 s",
    "quiet": "0.1 s of zeros, then integers of -2..2; 0.5 s",
    "impulse": "0.5 at sample 3001, zeros else; 0.3 s",
    "layout": "[S] float32 at 16000 Hz, each value a 16 bit integer over 32768",
}


def quantise(x: np.ndarray) -> np.ndarray:
    """The nearest 16 bit samples, as float64 in [-1, 1)."""
    return np.clip(np.rint(x * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1) / FULL_SCALE


def glottal_flow(f0: np.ndarray) -> np.ndarray:
    """The derivative of a Rosenberg pulse train whose frequency follows `f0` [S] in Hz."""
    phase = np.cumsum(f0 / RATE) % 1.0
    opening, closing = 0.4, 0.16
    rising = 0.5 * (1 - np.cos(np.pi * phase / opening))
    falling = np.cos(0.5 * np.pi * (phase - opening) / closing)
    flow = np.where(phase < opening, rising, np.where(phase < opening + closing, falling, 0.0))
    return np.diff(flow, prepend=0.0)


def resonate(x: np.ndarray, frequency: np.ndarray, bandwidth: float) -> np.ndarray:
    """A two-pole resonator of unit gain at 0 Hz whose centre follows `frequency` [S] in Hz."""
    radius = np.exp(-np.pi * bandwidth / RATE)
    a1 = -2 * radius * np.cos(2 * np.pi * frequency / RATE)
    a2 = radius * radius
    y = np.zeros(len(x) + 2)
    for n, value in enumerate(x):
        y[n + 2] = (1 + a1[n] + a2) * value - a1[n] * y[n + 1] - a2 * y[n]
    return y[2:]


def speech_like(random: np.random.RandomState) -> np.ndarray:
    """1.2 s: a vowel glide, a fricative, a second glide and a pause, over noise at -60 dBFS."""
    samples = RATE * 12 // 10
    t = np.arange(samples) / RATE
    knots = [0.0, 0.25, 0.45, 0.6, 0.8, 1.2]
    tracks = [
        ([700, 300, 300, 500, 350, 350], 80.0),
        ([1200, 2200, 1700, 1000, 800, 1500], 100.0),
        ([2500, 2900, 2600, 2400, 2300, 2500], 140.0),
        ([3500, 3600, 3500, 3400, 3400, 3500], 200.0),
    ]
    voiced = glottal_flow(np.interp(t, [0, 0.3, 1.0], [110, 150, 95]))
    for frequencies, bandwidth in tracks:
        voiced = resonate(voiced, np.interp(t, knots, frequencies), bandwidth)
    fricative = lfilter([1, -1.6, 0.64], [1, 0.5, 0.3], random.standard_normal(samples))
    voicing = np.interp(t, [0, 0.03, 0.38, 0.42, 0.58, 0.62, 0.95, 1.0], [0, 1, 1, 0, 0, 1, 1, 0])
    friction = np.interp(t, [0.38, 0.44, 0.54, 0.6], [0, 1, 1, 0])
    voiced, fricative = (part / np.abs(part).max() for part in (voiced, fricative))
    return 0.6 * voicing * voiced + 0.15 * friction * fricative + 1e-3 * random.standard_normal(samples)


def make_signals() -> Signals:
    """The five inputs, 16 bit values as float64."""
    random = np.random.RandomState(20240602)
    t = np.arange(RATE) / RATE
    speech = speech_like(random)
    noise = 1e-3 * random.standard_normal(RATE * 3 // 4)
    sweep = 0.25 * np.sin(2 * np.pi * 100 * (np.power(70.0, t) - 1) / np.log(70.0))
    chirp = sweep + 10 ** (-50 / 20) * random.standard_normal(RATE)
    quiet = random.randint(-2, 3, RATE // 2) / FULL_SCALE
    quiet[: RATE // 10] = 0.0
    impulse = np.zeros(RATE * 3 // 10)
    impulse[3001] = 0.5
    signals = {"speech": speech, "noise": noise, "chirp": chirp, "quiet": quiet, "impulse": impulse}
    return {name: quantise(x) for name, x in signals.items()}
