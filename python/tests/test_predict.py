"""Prediction: equal to `cutract predict`, in every form of audio, from several threads, without a leak."""

from __future__ import annotations

import io
import multiprocessing
import os
import pathlib
import pickle
import threading
import time

import numpy as np
import pytest
from conftest import program

import cutract
from cutract import _native


def samples_of(path: str) -> tuple[np.ndarray, int]:
    samples, rate, _ = _native.read_audio(os.fsencode(path), 0)
    return samples, rate


@pytest.mark.parametrize("speaker", [None, "spk1"])
def test_equals_the_program(model: cutract.Model, run: str, wav: str, speaker: str | None) -> None:
    of_speaker = ["--speaker", speaker] if speaker else []
    with np.load(io.BytesIO(program("predict", run, wav, "--device", "cpu", "--format", "npz", "--out", "-", *of_speaker))) as theirs:
        ours = model.predict(wav, speaker=speaker)
        assert np.array_equal(ours.values, theirs["values"])
        assert np.array_equal(ours.times, theirs["time_s"])
        assert list(ours.channels) == list(theirs["channels"])
        assert list(ours.units) == list(theirs["units"])
    lines = program("predict", run, wav, "--device", "cpu", "--out", "-", *of_speaker).decode().splitlines()
    assert lines[0].split(",")[1:] == [f"{c}_{u}" for c, u in zip(ours.channels, ours.units)]
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    assert np.array_equal(table[:, 0], np.round(ours.times, 4))
    assert np.abs(table[:, 1:] - ours.values).max() <= 0.5e-4 + 1e-5  # four decimals


def test_result(model: cutract.Model, wav: str) -> None:
    movement = model.predict(wav)
    assert movement.values.dtype == np.float32
    assert movement.values.shape == (len(movement.times), len(movement.channels))
    assert movement.values.flags["C_CONTIGUOUS"] and movement.values.flags["WRITEABLE"]
    assert np.array_equal(movement.channel("tt_x"), movement.values[:, 0])
    assert np.array_equal(np.asarray(movement), movement.values)
    assert movement.times[0] == movement.first_s and np.isclose(movement.times[1] - movement.times[0], model.step_s)
    with pytest.raises(cutract.UsageError, match="channel 'tt_z': expected one of tt_x"):
        movement.channel("tt_z")
    assert "14 channels" in repr(movement) and "14 channels" in repr(model)


def test_model_says_what_it_is(model: cutract.Model, run: str) -> None:
    assert model.path == run
    assert model.sample_rate == 16000 and model.step_s == 0.01
    assert model.channels[0] == "tt_x" and model.units[0] == "mm" and len(model.channels) == len(model.units) == 14
    assert "spk1" in model.speakers
    assert model.info["corpus"] == "cutract-synthetic" and model.info["epoch"] in (1, 2)
    assert "hidden = 16" in model.info["config"]
    assert pathlib.Path(model.info["checkpoint"]).is_dir()


def test_every_form_of_the_same_audio_gives_the_same_values(model: cutract.Model, wav: str, tmp_path: pathlib.Path) -> None:
    samples, rate = samples_of(wav)  # of 16 bits
    integers = np.round(samples * 32768).astype(np.int16)
    expected = model.predict(wav).values
    gaps = np.zeros(2 * len(samples), np.float32)
    gaps[::2] = samples
    read_only = samples.copy()
    read_only.flags.writeable = False
    forms = {
        "path": pathlib.Path(wav),
        "float32": samples,
        "float64": samples.astype(np.float64),
        "int16": integers,
        "int16, big-endian": integers.astype(">i2"),
        "int32": integers.astype(np.int32) * 65536,
        "with gaps": gaps[::2],
        "read-only": read_only,
        "one channel": samples[None],
        "a column": samples[:, None],
        "list": samples.tolist(),
    }
    for name, audio in forms.items():
        got = model.predict(audio) if name == "path" else model.predict(audio, rate)
        assert np.array_equal(got.values, expected), name
    assert np.array_equal(model.predict(samples, 16000.0).values, expected)
    assert np.array_equal(model.predict(wav, 16000).values, expected)


def test_float32_is_not_copied(monkeypatch: pytest.MonkeyPatch, model: cutract.Model, wav: str) -> None:
    samples, rate = samples_of(wav)
    seen = []
    inverter = model._inverter

    class Spy:
        def predict(self, given: np.ndarray, *more: object) -> object:
            seen.append(given)
            return inverter.predict(given, *more)

    monkeypatch.setattr(model, "_inverter", Spy())
    model.predict(samples, rate)
    assert seen[0] is samples or np.shares_memory(seen[0], samples)


def test_other_rates_are_resampled(model: cutract.Model, wav: str) -> None:
    samples, rate = samples_of(wav)
    half = model.predict(samples[::2], rate // 2)
    assert abs(len(half.values) - len(model.predict(wav).values)) <= 1


@pytest.mark.parametrize(
    ("audio", "rate", "kind", "text"),
    [
        (np.zeros((2, 100), np.float32), 16000, cutract.UsageError, r"shape \(2, 100\), expected one channel"),
        (np.float32(0), 16000, cutract.UsageError, r"shape \(\), expected one channel"),
        (np.zeros(100, complex), 16000, cutract.UsageError, "dtype is complex128, expected floats"),
        (np.zeros(100, np.uint8), 16000, cutract.UsageError, "dtype is uint8"),
        (np.zeros(100, bool), 16000, cutract.UsageError, "dtype is bool"),
        ([[0.0], [0.0, 1.0]], 16000, cutract.UsageError, "samples: "),
        (b"abc", 16000, cutract.UsageError, "samples: "),
        (None, 16000, cutract.UsageError, "samples: "),
        (np.zeros(16000, np.float32), None, cutract.UsageError, "sample_rate: is missing"),
        (np.zeros(16000, np.float32), 16000.5, cutract.UsageError, "sample_rate: is 16000.5, expected a whole number"),
        (np.zeros(16000, np.float32), "fast", cutract.UsageError, "sample_rate: is 'fast'"),
        (np.zeros(16000, np.float32), float("nan"), cutract.UsageError, "sample_rate: is nan"),
        (np.zeros(16000, np.float32), 0, cutract.DataError, "sample_rate: is 0 Hz, expected 1000 to 768000 Hz"),
        (np.zeros(16000, np.float32), 10**9, cutract.DataError, "expected 1000 to 768000 Hz"),
        (np.array([0, np.nan] * 8000, np.float32), 16000, cutract.DataError, "sample 1 is nan, expected a finite number"),
    ],
)
def test_wrong_audio_gets_one_clear_sentence(model: cutract.Model, audio: object, rate: object, kind: type, text: str) -> None:
    for call in (model.predict, cutract.features):
        with pytest.raises(kind, match=text) as caught:
            call(audio, rate)
        assert "\n" not in str(caught.value)


def test_wrong_arguments(model: cutract.Model, wav: str, tmp_path: pathlib.Path) -> None:
    with pytest.raises(cutract.UsageError, match="sample_rate: is 8000, and .* has 16000 Hz"):
        model.predict(wav, 8000)
    with pytest.raises(cutract.UsageError, match="channel: chooses a channel of an audio file"):
        model.predict(np.zeros(16000, np.float32), 16000, channel=1)
    with pytest.raises(cutract.UsageError, match="channel: is -1"):
        model.predict(wav, channel=-1)
    with pytest.raises(cutract.UsageError, match="speaker nobody: not a speaker"):
        model.predict(wav, speaker="nobody")
    with pytest.raises(cutract.UsageError, match="speaker: expected a text, got int"):
        model.predict(wav, speaker=3)  # type: ignore[arg-type]
    with pytest.raises(cutract.FileError):
        model.predict(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(cutract.DataError):
        model.predict(tmp_path / "text.wav")
    assert len(model.predict(wav).values) > 0  # still usable


def test_threads_predict_at_once(run: str, wav: str) -> None:
    samples, rate = samples_of(wav)
    long = np.tile(samples, 8)
    models = [cutract.load(run, "cpu") for _ in range(2)]
    expected = models[0].predict(long, rate).values
    results: list[list[np.ndarray]] = [[], []]

    def work(i: int) -> None:
        for _ in range(3):
            results[i].append(models[i].predict(long, rate).values)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [np.array_equal(r, expected) for of_thread in results for r in of_thread] == [True] * 6


def test_the_gil_is_released(model: cutract.Model, wav: str) -> None:
    samples, rate = samples_of(wav)
    long = np.tile(samples, 60)
    spans = []

    def work() -> None:
        began = time.perf_counter()
        model.predict(long, rate)
        spans.append((began, time.perf_counter()))

    thread = threading.Thread(target=work)
    ticks = []
    thread.start()
    while thread.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    (began, ended), = spans
    during = [t for t in ticks if began < t < ended]
    # With the GIL held, this thread would stand still from the first sample to the last.
    longest = max(b - a for a, b in zip([began, *during], [*during, ended]))
    assert longest < 0.5 * (ended - began), f"another thread stood still for {longest:.3f} of {ended - began:.3f} s"


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_hundred_predictions_leak_nothing(model: cutract.Model, wav: str) -> None:
    samples, rate = samples_of(wav)
    long = np.tile(samples, 8)
    one = model.predict(long, rate).values.nbytes + long.nbytes
    for _ in range(10):
        model.predict(long, rate)
    before = resident_bytes()
    for _ in range(100):
        model.predict(long.astype(np.float64), rate)
    grown = resident_bytes() - before
    assert grown < 10 * one, f"grew by {grown} bytes, where samples and result of one call have {one}"


def test_pickling_and_forking(model: cutract.Model, wav: str) -> None:
    expected = model.predict(wav).values
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict(wav).values, expected)
    cutract.features(wav)  # whose threads the child must not wait for
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(refused_after_fork, (model.path, wav)) == (True, len(expected))


def refused_after_fork(path: str, wav: str) -> tuple[bool, int]:
    assert len(cutract.features(wav).values) > 0
    try:
        of_parent[path].predict(wav)
    except cutract.UsageError as error:
        return "before the process was forked" in str(error), len(cutract.load(path, "cpu").predict(wav).values)
    return False, 0


of_parent: dict[str, cutract.Model] = {}


@pytest.fixture(autouse=True)
def _known_to_children(model: cutract.Model) -> None:
    of_parent[model.path] = model
