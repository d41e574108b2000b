"""A second implementation of the log-mel presets, in plain numpy and in either precision.

It is not the reference: the makers take the reference values from the libraries. In float64 it must agree with them,
which guards against a wrong call; in float32 it shows how much of a difference is rounding. It shares no code with the
libraries.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft

HOP = 160
Real = type  # np.float32 or np.float64


def hann(points: int) -> np.ndarray:
    """The periodic Hann window."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(points) / points)


def slaney_mel(hertz: np.ndarray) -> np.ndarray:
    """Slaney's mel scale: linear below 1 kHz, logarithmic above."""
    hertz = np.asarray(hertz, np.float64)
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1e-9) / 1000) / np.log(6.4))


def slaney_hertz(mel: np.ndarray) -> np.ndarray:
    """The inverse of `slaney_mel`."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def slaney_bank(n_fft: int, bins: int = 80) -> np.ndarray:
    """Triangular filters, linear in hertz, with unit area, 0..8000 Hz: [bins, n_fft/2 + 1]."""
    edges = slaney_hertz(np.linspace(0, slaney_mel(8000.0), bins + 2))[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    hertz = np.arange(n_fft // 2 + 1) * 16000 / n_fft
    triangle = np.minimum((hertz - left) / (centre - left), (right - hertz) / (right - centre))
    return np.maximum(triangle, 0) * 2 / (right - left)


def kaldi_bank(bins: int = 80) -> np.ndarray:
    """Triangular filters, linear in HTK mel, with unit height, 20..8000 Hz, for an FFT of 512: [bins, 257]."""

    def mel(hertz: np.ndarray | float) -> np.ndarray:
        return 1127 * np.log1p(np.asarray(hertz) / 700)

    edges = np.linspace(mel(20.0), mel(8000.0), bins + 2)[:, None]
    at = mel(np.arange(257) * 31.25)
    rising, falling = (at - edges[:-2]) / (edges[1:-1] - edges[:-2]), (edges[2:] - at) / (edges[2:] - edges[1:-1])
    bank = np.maximum(np.minimum(rising, falling), 0)
    bank[:, 256] = 0
    return bank


def frames_of(x: np.ndarray, size: int) -> np.ndarray:
    """Every complete frame of `size` samples, HOP apart."""
    return np.lib.stride_tricks.sliding_window_view(x, size)[::HOP]


def mel_power(frames: np.ndarray, bank: np.ndarray, real: Real) -> np.ndarray:
    """Windowed frames -> mel power; fails if a step changed the precision."""
    spectrum = scipy.fft.rfft(frames)
    power = spectrum.real**2 + spectrum.imag**2
    out = power @ bank.T.astype(real)
    assert frames.dtype == out.dtype == real
    return out


def centred_power(x: np.ndarray, n_fft: int, win: int, padding: str, real: Real) -> np.ndarray:
    """Mel power of centred frames, with the window in the middle of the FFT frame."""
    window = np.zeros(n_fft)
    first = (n_fft - win) // 2
    window[first : first + win] = hann(win)
    frames = frames_of(np.pad(x.astype(real), n_fft // 2, mode=padding), n_fft)
    return mel_power(frames * window.astype(real), slaney_bank(n_fft), real)


def librosa_logmel(x: np.ndarray, real: Real, win: int = 512) -> np.ndarray:
    """The librosa preset."""
    decibel = 10 * np.log10(np.maximum(centred_power(x, 512, win, "constant", real), real(1e-10)))
    return np.maximum(decibel, decibel.max() - 80)


def stem_logmel(x: np.ndarray, real: Real) -> np.ndarray:
    """The STEM-E2VA protocol."""
    return np.log(centred_power(x, 512, 400, "reflect", real) + real(1e-10))


def whisper_logmel(x: np.ndarray, real: Real) -> np.ndarray:
    """The whisper preset."""
    logmel = np.log10(np.maximum(centred_power(x, 400, 400, "reflect", real)[:-1], real(1e-10)))
    return (np.maximum(logmel, logmel.max() - 8) + 4) / 4


def kaldi_fbank(x: np.ndarray, real: Real, snip_edges: bool = True) -> np.ndarray:
    """The kaldi preset."""
    x = (x * 32768).astype(real)
    if not snip_edges:
        count = (len(x) + HOP // 2) // HOP
        mirrored = np.pad(x, (120, 400), mode="symmetric")
        frames = frames_of(mirrored, 400)[:count]
    else:
        frames = frames_of(x, 400)
    frames = frames - frames.mean(axis=1, keepdims=True, dtype=real)
    frames = frames - real(0.97) * np.concatenate((frames[:, :1], frames[:, :-1]), axis=1)
    povey = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    frames = np.pad(frames * povey.astype(real), ((0, 0), (0, 112)))
    return np.log(np.maximum(mel_power(frames, kaldi_bank(), real), real(2.0**-23)))


def rounding(function: Callable[[np.ndarray, Real], np.ndarray], x: np.ndarray, nepers: float) -> tuple[float, ...]:
    """The rounding error of float32 in a preset whose unit is `nepers` of power.

    Returns the largest difference from float64; the same over bins within 60 dB of their frame's largest; and the
    smallest k (in nepers) with difference <= k exp((frame's largest - bin)/2), the form that FFT rounding errors have.
    """
    truth = function(x, np.float64)
    difference = np.abs(function(x, np.float32) - truth)
    below = (truth.max(axis=1, keepdims=True) - truth) * nepers
    strong = below <= 6 * np.log(10)
    k = np.max(difference * nepers / np.exp(below / 2))
    return float(difference.max()), float(difference[strong].max()), float(k)
