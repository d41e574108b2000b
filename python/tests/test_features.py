"""Features: equal to `cutract features`, with the settings of a config as keyword arguments."""

from __future__ import annotations

import os
import pathlib

import numpy as np
import pytest
from conftest import program

import cutract
from cutract import _native


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, []),
        ({"preset": "kaldi"}, ["--preset", "kaldi"]),
        ({"n_mels": 40, "log": "ln", "top_db": 0.0}, ["--set", "features.n_mels=40", "--set", "features.log=ln", "--set", "features.top_db=0.0"]),
        ({"kind": "mfcc", "deltas": 2}, ["--set", "features.kind=mfcc", "--set", "features.deltas=2"]),
        ({"streams": ["mel n_mels=20", "mfcc"]}, ["--set", 'features.streams=["mel n_mels=20", "mfcc"]']),
        ({"remove_dc": True, "n_mels": np.int64(30)}, ["--set", "features.remove_dc=true", "--set", "features.n_mels=30"]),
    ],
)
def test_equals_the_program(wav: str, tmp_path: pathlib.Path, settings: dict, options: list[str]) -> None:
    program("features", wav, "--out", tmp_path, "--format", "npz", *options)
    with np.load(next(tmp_path.glob("*.npz"))) as theirs:
        ours = cutract.features(wav, **settings)
        assert ours.values.dtype == np.float32
        assert np.array_equal(ours.values, theirs["values"])
        assert np.array_equal(ours.times, theirs["time_s"])
        assert list(ours.columns) == list(theirs["columns"])


def test_arrays_rates_and_full_names(wav: str) -> None:
    samples, rate, _ = _native.read_audio(os.fsencode(wav), 0)
    assert np.array_equal(cutract.features(samples, rate).values, cutract.features(wav).values)
    slow = cutract.features(samples, rate, set={"features.sample_rate": 8000, "features": {"fmax_hz": 4000, "n_mels": 20}})
    assert slow.values.shape[1] == 20 and np.isclose(slow.step_s, 0.02)  # 160 samples at 8 kHz
    assert np.array_equal(slow.column("mel_3"), slow.values[:, 3])
    assert "20 columns" in repr(slow)


def test_a_config_file(wav: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "c.toml").write_text("[features]\nn_mels = 24\n")
    assert cutract.features(wav, config=tmp_path / "c.toml").values.shape[1] == 24
    (tmp_path / "c.toml").write_text("[features]\nn_mels = 25\n")
    assert cutract.features(wav, config=tmp_path / "c.toml").values.shape[1] == 25
    with pytest.raises(cutract.FileError, match="none.toml: cannot read the config file; check the path$"):
        cutract.features(wav, config=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"n_mells": 40}, r'^unknown key "features.n_mells" \(did you mean "features.n_mels"\?\)$'),
        ({"n_mels": 0}, r"^features.n_mels = 0 is outside"),
        ({"n_mels": "forty"}, r"^features.n_mels: expected an integer, got the string"),
        ({"preset": "htk"}, "features.preset"),
        ({"streams": ["file"]}, "features.streams"),
    ],
)
def test_wrong_settings(wav: str, settings: dict, text: str) -> None:
    with pytest.raises(cutract.ConfigError, match=text):
        cutract.features(wav, **settings)


def test_wrong_values(wav: str) -> None:
    with pytest.raises(cutract.UsageError, match="features.n_mels: expected a number, a text"):
        cutract.features(wav, n_mels=object())
    with pytest.raises(cutract.DataError, match="too few for one frame"):
        cutract.features(np.zeros(10, np.float32), 16000, preset="kaldi")
