"""Exceptions: a class for each kind of failure, each of them also the built-in one; and the log."""

from __future__ import annotations

import logging
import pathlib
import pickle
import struct
import subprocess
import sys
import wave

import pytest

import cutract
from cutract._errors import error_of


def test_classes() -> None:
    built_in = {
        2: (cutract.UsageError, ValueError),
        3: (cutract.ConfigError, ValueError),
        4: (cutract.DataError, ValueError),
        5: (cutract.FileError, OSError),
        6: (cutract.OutOfMemoryError, MemoryError),
        7: (cutract.DeviceError, RuntimeError),
        8: (cutract.DivergedError, ArithmeticError),
        70: (cutract.InternalError, RuntimeError),
        99: (cutract.InternalError, RuntimeError),
    }
    for code, (kind, base) in built_in.items():
        error = error_of(code, "model.x: is 1, expected 2")
        assert type(error) is kind and isinstance(error, cutract.Error) and isinstance(error, base)
        assert str(error) == "model.x: is 1, expected 2"
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind and str(again) == str(error)


def test_models_that_cannot_be_loaded(tmp_path: pathlib.Path, run: str) -> None:
    with pytest.raises(cutract.FileError):
        cutract.load(tmp_path / "none")
    (tmp_path / "x.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(cutract.DataError, match="x.safetensors"):
        cutract.load(tmp_path / "x.safetensors")
    with pytest.raises(cutract.UsageError, match="device tpu: expected auto, cpu or cuda"):
        cutract.load(run, device="tpu")
    with pytest.raises(cutract.UsageError, match="model: expected a path, got int"):
        cutract.load(3)  # type: ignore[arg-type]


def test_a_gpu_that_is_not_there(run: str) -> None:
    try:
        cutract.load(run, device="cuda:63")
    except cutract.DeviceError as error:
        assert "cuda" in str(error)


def stereo(path: pathlib.Path, text: str = "") -> pathlib.Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"".join(struct.pack("<hh", i % 300, -(i % 200)) for i in range(16000)))
    return path


def test_warnings_go_to_the_log(model: cutract.Model, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    path = stereo(tmp_path / "both.wav")
    with caplog.at_level(logging.INFO, logger="cutract"):
        mean = model.predict(path).values
        assert any("were averaged" in r.getMessage() and "pass channel=N" in r.getMessage() for r in caplog.records)
        caplog.clear()
        first = model.predict(path, channel=1).values
        assert not caplog.records
    assert (mean != first).any()


def test_a_file_name_that_is_not_utf8(model: cutract.Model, tmp_path: pathlib.Path) -> None:
    name = (str(tmp_path).encode() + b"/caf\xe9.wav").decode(errors="surrogateescape")
    stereo(pathlib.Path(name))
    assert len(model.predict(name, channel=1).values) > 0


def test_nothing_is_printed_at_the_end(run: str, wav: str) -> None:
    code = f"import cutract\nm = cutract.load({run!r}, 'cpu')\nx = m.predict({wav!r})\nf = cutract.features({wav!r})\nc = cutract.Corpus\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "" and done.stderr == ""
