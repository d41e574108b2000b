"""Makes signals.safetensors and the features of those signals by librosa, torchaudio and soxr, in float64.

Signals are 16 kHz, float32, every value a 16 bit integer over 32768. Features are stored frame by frame, [T,bins], as
float32 where this rounds by less than 1e-5, and otherwise as float64. Every log-mel is checked against plain_features.py,
which also computes the printed rounding error of float32.
"""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import golden_io  # first: it fixes the thread counts

import librosa
import numpy as np
import scipy.fft
import soxr
import torch
import torchaudio
from torchaudio.compliance import kaldi

import plain_features as plain
from synth import ABOUT, FULL_SCALE, RATE, Signals, make_signals, quantise

HOP = 160

# Features: each function takes one signal and returns [T,bins] in the precision of the signal.


def librosa_power(x: np.ndarray, win: int, pad_mode: str) -> np.ndarray:
    """librosa's mel power spectrogram, FFT 512, hop 160, 80 Slaney mels."""
    return librosa.feature.melspectrogram(
        y=x, sr=RATE, n_fft=512, hop_length=HOP, win_length=win, window="hann", center=True, pad_mode=pad_mode,
        power=2.0, n_mels=80, fmin=0.0, fmax=8000.0, htk=False, norm="slaney", dtype=np.float64,
    )  # fmt: skip


def librosa_logmel(x: np.ndarray, win: int = 512) -> np.ndarray:
    """The librosa preset: zero padding, dB, 80 dB below the utterance's maximum."""
    return librosa.power_to_db(librosa_power(x, win, "constant"), ref=1.0, amin=1e-10, top_db=80.0).T


def librosa_mfcc(x: np.ndarray) -> np.ndarray:
    """13 cepstra of the librosa preset."""
    return librosa.feature.mfcc(S=librosa_logmel(x).T, n_mfcc=13, dct_type=2, norm="ortho", lifter=0).T


def librosa_delta(x: np.ndarray, order: int) -> np.ndarray:
    """librosa's delta of the cepstra: a Savitzky-Golay filter of polynomial order `order`."""
    return librosa.feature.delta(librosa_mfcc(x).T, width=9, order=order, axis=-1, mode="interp").T


def torchaudio_delta(x: np.ndarray, order: int) -> np.ndarray:
    """torchaudio's delta of the cepstra, applied `order` times."""
    values = torch.from_numpy(np.ascontiguousarray(librosa_mfcc(x).T))
    for _ in range(order):
        values = torchaudio.functional.compute_deltas(values, win_length=5, mode="replicate")
    return values.numpy().T


def stem_logmel(x: np.ndarray) -> np.ndarray:
    """The protocol of the STEM-E2VA experiment: Hann 400 in FFT 512, reflect padding, ln(power + 1e-10)."""
    return np.log(librosa_power(x, 400, "reflect") + 1e-10).T


@contextlib.contextmanager
def default_dtype_of(x: np.ndarray) -> Iterator[None]:
    """torchaudio builds its mel bank and DCT in the default dtype, regardless of that of the waveform."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64 if x.dtype == np.float64 else torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def kaldi_fbank(x: np.ndarray, snip_edges: bool = True) -> np.ndarray:
    """The kaldi preset, 80 bins; samples are scaled to the 16 bit range."""
    with default_dtype_of(x):
        waveform = torch.from_numpy(x * x.dtype.type(FULL_SCALE)).unsqueeze(0)
        return kaldi.fbank(
            waveform, sample_frequency=16000.0, frame_length=25.0, frame_shift=10.0, dither=0.0, window_type="povey",
            preemphasis_coefficient=0.97, remove_dc_offset=True, snip_edges=snip_edges, num_mel_bins=80,
            low_freq=20.0, high_freq=0.0, use_energy=False, use_log_fbank=True, use_power=True,
        ).numpy()  # fmt: skip


def kaldi_mfcc(x: np.ndarray) -> np.ndarray:
    """Kaldi's 13 cepstra of 23 bins, all options at their defaults except no dither."""
    with default_dtype_of(x):
        waveform = torch.from_numpy(x * x.dtype.type(FULL_SCALE)).unsqueeze(0)
        return kaldi.mfcc(waveform, dither=0.0, num_ceps=13, num_mel_bins=23).numpy()


def whisper_logmel(x: np.ndarray) -> np.ndarray:
    """The log-mel of Whisper according to its description, without padding the utterance to 30 s."""
    n_fft = 400
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    padded = np.pad(x, n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::HOP][:-1]  # the last frame is dropped
    power = np.abs(scipy.fft.rfft(frames * window.astype(x.dtype), axis=1)) ** 2
    bank = librosa.filters.mel(sr=RATE, n_fft=n_fft, n_mels=80, dtype=np.float64).astype(x.dtype)
    logmel = np.log10(np.maximum(power @ bank.T, 1e-10))
    return (np.maximum(logmel, logmel.max() - 8.0) + 4.0) / 4.0


# Files


def tools() -> dict[str, str]:
    """Versions, for the reader; --check does not compare them."""
    versions = {m.__name__: m.__version__ for m in (librosa, np, scipy, soxr, torch, torchaudio)}
    return {"tools": json.dumps(versions)}


def compact(values: np.ndarray) -> np.ndarray:
    """float32 where this is nearly exact, otherwise float64."""
    rounded = np.ascontiguousarray(values.astype(np.float32))
    exact = np.abs(values).max() < 200 and np.abs(rounded - values).max() < 1e-5
    return rounded if exact else np.ascontiguousarray(values)


@dataclass
class Feature:
    """One kind of golden file: how it is made, for which signals, and its description in the file."""

    function: Callable[[np.ndarray], np.ndarray]
    signals: list[str]
    text: str
    plain: Callable[[np.ndarray, type], np.ndarray] | None = None  # the same function in plain numpy, for the log-mels
    nepers: float = 1.0  # the feature's unit, as a natural logarithm of power


def make_file(title: str, signals: Signals, features: dict[str, Feature], about: dict[str, str]) -> golden_io.Fixture:
    """One tensor `feature.signal` for each feature and each of its signals; prints the rounding error of float32."""
    fixture = golden_io.Fixture(metadata=tools() | about)
    for name, feature in features.items():
        fixture.metadata[name] = feature.text
        for signal in feature.signals:
            x = signals[signal]
            truth = feature.function(x)
            assert truth.dtype == np.float64 and np.isfinite(truth).all(), (name, signal, truth.dtype)
            fixture.tensors[f"{name}.{signal}"] = compact(truth)
            if feature.plain is not None:
                agreement = float(np.abs(feature.plain(x, np.float64) - truth).max())
                assert agreement < 1e-9, (title, name, signal, agreement)
                largest, strong, k = plain.rounding(feature.plain, x, feature.nepers)
                print(
                    f"{title} {name}.{signal}: plain float64 agrees to {agreement:.0e}; plain float32 max abs "
                    f"{largest:.1e}, within 60 dB of the frame's largest {strong:.1e}, k {k:.1e}"
                )
    return fixture


def make_librosa(signals: Signals) -> golden_io.Fixture:
    """Log-mel, cepstra and deltas of the librosa preset."""
    every = list(signals)
    call = (
        "librosa.feature.melspectrogram(sr=16000, n_fft=512, hop_length=160, win_length={}, window='hann' (periodic), "
        "center=True, pad_mode='constant', power=2.0, n_mels=80, htk=False, norm='slaney', fmin=0, fmax=8000), "
        "power_to_db(ref=1.0, amin=1e-10, top_db=80)"
    )
    delta = "librosa.feature.delta(mfcc, width=9, order={}, mode='interp')"
    decibel = np.log(10) / 10
    features = {
        "logmel": Feature(librosa_logmel, every, call.format(512), plain.librosa_logmel, decibel),
        "logmel_win400": Feature(
            lambda x: librosa_logmel(x, 400),
            ["speech"],
            call.format(400) + "; the window is centred in the FFT frame: 56 zeros on both sides",
            lambda x, real: plain.librosa_logmel(x, real, 400),
            decibel,
        ),
        "mfcc": Feature(
            librosa_mfcc, every, "librosa.feature.mfcc(S=logmel, n_mfcc=13, dct_type=2, norm='ortho', lifter=0)"
        ),
        "delta1": Feature(lambda x: librosa_delta(x, 1), every, delta.format(1)),
        "delta2": Feature(lambda x: librosa_delta(x, 2), every, delta.format(2) + ", of the mfcc, not of delta1"),
        "delta1_replicate": Feature(
            lambda x: torchaudio_delta(x, 1),
            every,
            "torchaudio.functional.compute_deltas(mfcc, win_length=5, mode='replicate')",
        ),
        "delta2_replicate": Feature(
            lambda x: torchaudio_delta(x, 2),
            every,
            "delta1_replicate of delta1_replicate; Kaldi's add-deltas differs from it in the first and last 2 frames",
        ),
    }
    about = {"layout": "[T,80] or [T,13], T = 1 + S/160, frame i centred at sample 160 i"}
    return make_file("librosa", signals, features, about)


def make_stem(signals: Signals) -> golden_io.Fixture:
    """Log-mel of the STEM-E2VA protocol."""
    text = (
        "librosa.feature.melspectrogram(sr=16000, n_fft=512, hop_length=160, win_length=400, window='hann' (periodic), "
        "center=True, pad_mode='reflect', power=2.0, n_mels=80, htk=False, norm='slaney', fmin=0, fmax=8000), "
        "ln(x + 1e-10)"
    )
    about = {"layout": "[T,80], T = 1 + S/160, frame i centred at sample 160 i"}
    return make_file("stem", signals, {"logmel": Feature(stem_logmel, list(signals), text, plain.stem_logmel)}, about)


def make_kaldi(signals: Signals) -> golden_io.Fixture:
    """Filter banks and cepstra of the kaldi preset."""
    every = list(signals)
    call = (
        "torchaudio.compliance.kaldi.fbank(samples * 32768, sample_frequency=16000, frame_length=25, frame_shift=10, "
        "dither=0, window_type='povey', preemphasis_coefficient=0.97, remove_dc_offset=True, snip_edges={}, "
        "num_mel_bins=80, low_freq=20, high_freq=0 (8000 Hz), use_energy=False), FFT 512, ln, floor 2^-23"
    )
    features = {
        "fbank": Feature(kaldi_fbank, every, call.format(True), plain.kaldi_fbank),
        "fbank_no_snip": Feature(
            lambda x: kaldi_fbank(x, False),
            ["speech", "quiet", "impulse"],
            call.format(False),
            lambda x, real: plain.kaldi_fbank(x, real, False),
        ),
        "mfcc": Feature(
            kaldi_mfcc,
            every,
            "torchaudio.compliance.kaldi.mfcc(samples * 32768, dither=0, num_ceps=13, num_mel_bins=23), "
            "cepstral_lifter 22, low_freq 20, high_freq 0, use_energy=False, snip_edges=True, else as fbank",
        ),
    }
    about = {
        "layout": "[T,80] or [T,13]; snip_edges: T = 1 + (S - 400)/160, frame i starts at sample 160 i; else "
        "T = (S + 80)/160, frame i starts at sample 160 i - 120, edges mirrored with the edge sample repeated",
        "precision": "float64 throughout: torch's default dtype was float64 too, since torchaudio builds its mel "
        "bank in it; with a float32 bank low bins move by up to 1.2e-4 here",
    }
    for name, x in signals.items():
        truth, waveform = kaldi_fbank(x), torch.from_numpy(x * FULL_SCALE)[None]
        mixed = kaldi.fbank(waveform, dither=0.0, num_mel_bins=80).numpy()
        single, ceps = kaldi_fbank(x.astype(np.float32)), kaldi_mfcc(x.astype(np.float32))
        print(
            f"kaldi, torchaudio itself, {name}, max abs: float32 mel bank alone {np.abs(mixed - truth).max():.1e}; all "
            f"float32: fbank {np.abs(single - truth).max():.1e}, mfcc {np.abs(ceps - kaldi_mfcc(x)).max():.1e}"
        )
    return make_file("kaldi", signals, features, about)


def make_whisper(signals: Signals) -> golden_io.Fixture:
    """Log-mel of the whisper preset."""
    text = (
        "reflect padding of 200, periodic Hann 400, FFT 400, hop 160, last frame dropped, power, "
        "librosa.filters.mel(sr=16000, n_fft=400, n_mels=80), log10(max(x, 1e-10)), max(x, max - 8), (x + 4)/4; the "
        "utterance is not padded to 30 s"
    )
    about = {"layout": "[T,80], T = S/160, frame i centred at sample 160 i"}
    feature = Feature(whisper_logmel, list(signals), text, plain.whisper_logmel, 4 * np.log(10))
    return make_file("whisper", signals, {"logmel": feature}, about)


def make_frame_counts() -> golden_io.Fixture:
    """The number of frames of each preset for S = 0..2000 samples, computed by the library wherever it accepts the length."""
    samples = np.arange(2001)
    formulas = {
        "librosa": lambda s: 1 + s // HOP,
        "kaldi_snip": lambda s: 0 if s < 400 else 1 + (s - 400) // HOP,
        "kaldi_no_snip": lambda s: (s + HOP // 2) // HOP,
        "whisper": lambda s: s // HOP,
    }
    signal = np.random.RandomState(1).standard_normal(2000)
    libraries: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "librosa": lambda x: librosa.stft(x, n_fft=512, hop_length=HOP, center=True, pad_mode="constant").T,
        "kaldi_snip": lambda x: kaldi_fbank(x, True),
        "kaldi_no_snip": lambda x: kaldi_fbank(x, False),
        "whisper": whisper_frames,
    }
    fixture = golden_io.Fixture(metadata=tools())
    for name, library in libraries.items():
        counts, refused = np.zeros(2001, np.int32), []
        for s in samples:
            counts[s] = formulas[name](int(s))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # librosa warns about signals shorter than the FFT
                try:
                    got = len(library(signal[:s]))
                except (AssertionError, ValueError, RuntimeError, librosa.ParameterError):
                    refused.append(s)
                    continue
            assert got == counts[s], (name, s, got, counts[s])
        span = f"{refused[0]}..{refused[-1]} ({len(refused)})" if refused else "none"
        print(f"frame counts {name}: by formula: {span}")
        fixture.tensors[name] = counts
        fixture.metadata[name] = f"lengths that the library refuses, hence by formula: {span}"
    fixture.metadata["layout"] = "[2001] int32: the number of frames of S samples, at index S"
    return fixture


def whisper_frames(x: np.ndarray) -> np.ndarray:
    """The frames of the whisper preset by torch.stft, which Whisper uses; it rejects fewer than 201 samples."""
    window = torch.hann_window(400, dtype=torch.float64)
    spectrum = torch.stft(torch.from_numpy(x), 400, HOP, window=window, center=True, return_complex=True)
    return spectrum[..., :-1].numpy().T


def make_resampling() -> golden_io.Fixture:
    """A chirp at 48 and at 44.1 kHz, and soxr's VHQ conversion of both to 16 kHz."""
    fixture = golden_io.Fixture(metadata=tools())
    fixture.metadata["out"] = "soxr.resample(in, RATE, 16000, quality='VHQ') in float64"
    fixture.metadata["in"] = "16 bit samples over 32768: sine sweep, 200 Hz to 10 kHz in 0.1 s, amplitude 0.5"
    for rate in (48000, 44100):
        t = np.arange(rate // 10) / rate
        x = quantise(0.5 * np.sin(2 * np.pi * (200 * t + (10000 - 200) / (2 * 0.1) * t * t)))
        out = soxr.resample(x, rate, RATE, quality="VHQ")
        single = soxr.resample(x.astype(np.float32), rate, RATE, quality="VHQ")
        print(f"soxr {rate}: {len(x)} -> {len(out)} samples, float32 max abs {np.abs(single - out).max():.1e}")
        fixture.tensors[f"in_{rate}"] = x.astype(np.float32)
        fixture.tensors[f"out_{rate}"] = compact(out)
    return fixture


def build() -> dict[str, golden_io.Fixture]:
    """Every file of this maker."""
    torch.set_num_threads(1)
    signals = make_signals()
    stored = {name: x.astype(np.float32) for name, x in signals.items()}
    return {
        "signals.safetensors": golden_io.Fixture(stored, tools() | ABOUT),
        "features_librosa.safetensors": make_librosa(signals),
        "features_stem.safetensors": make_stem(signals),
        "features_kaldi.safetensors": make_kaldi(signals),
        "features_whisper.safetensors": make_whisper(signals),
        "frame_counts.safetensors": make_frame_counts(),
        "resampling.safetensors": make_resampling(),
    }


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__ or "", "tests/golden/make_features.py", build))
