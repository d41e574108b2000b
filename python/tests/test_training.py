"""Training and scoring: callbacks, stopping, resuming, errors, and the scores of `cutract eval`."""

from __future__ import annotations

import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import program, settings

import cutract

QUIET = {"progress": False, "device": "cpu"}


def test_callbacks_get_each_epoch(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    seen: list[dict] = []
    result = cutract.train(out=tmp_path / "run", set=settings(tiny_corpus, **{"trainer.max_epochs": 3}), callbacks=seen.append, **QUIET)
    assert [e["epoch"] for e in seen] == [1, 2, 3]
    assert seen == result.history
    assert all(isinstance(e["val_loss"], float) and isinstance(e["step"], int) and e["rmse_mm/tt_x"] > 0 for e in seen)
    assert not result.stopped and result.epochs == 3 and result.best_epoch in (1, 2, 3)
    assert result.best_val_loss == min(e["val_loss"] for e in seen) or np.isclose(result.best_val_loss, min(e["val_loss"] for e in seen))
    assert "max_epochs" in result.stop_reason and "3 epochs" in repr(result)
    assert result.load("cpu").info["epoch"] == result.best_epoch


def test_same_bits_as_the_program(tiny_corpus: pathlib.Path, run: str, tmp_path: pathlib.Path) -> None:
    options = [f"--set={key}={value}" for key, value in settings(tiny_corpus).items()]
    program("train", "--out", tmp_path / "theirs", "--device", "cpu", "-q", *options)
    theirs = cutract.load(tmp_path / "theirs", "cpu")
    for name in ("model.safetensors",):
        ours = pathlib.Path(cutract.load(run, "cpu").info["checkpoint"]) / name
        assert ours.read_bytes() == (pathlib.Path(theirs.info["checkpoint"]) / name).read_bytes()


def test_a_callback_stops_and_the_same_call_continues(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    wanted = settings(tiny_corpus, **{"trainer.max_epochs": 200, "trainer.early_stopping_patience": 0})
    result = cutract.train(out=tmp_path / "run", set=wanted, callbacks=[lambda e: e["epoch"] < 2, lambda e: None], **QUIET)
    assert result.stopped and result.stop_reason == "stopped by a callback"
    assert 2 <= result.epochs < 200 and cutract.load(result.path, "cpu")
    seen: list[int] = []

    def until_the_end(epoch: dict) -> None:
        seen.append(epoch["epoch"])
        if epoch["epoch"] == result.epochs + 2:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        cutract.train(out=tmp_path / "run", set=wanted, callbacks=until_the_end, **QUIET)
    assert seen == [result.epochs + 1, result.epochs + 2]
    assert list((tmp_path / "run" / "checkpoints").iterdir())


def test_ctrl_c_saves_and_stops(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    wanted = {k: str(v) for k, v in settings(tiny_corpus, **{"trainer.early_stopping_patience": 0}).items()}
    code = f"""
import cutract
wanted = {wanted!r}
wanted = {{k: int(v) if v.isdigit() else v for k, v in wanted.items()}}
wanted["trainer.max_epochs"] = 100000
cutract.train(out={str(tmp_path / "run")!r}, set=wanted, device="cpu")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch 2/"):
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    rest = process.stderr.read()
    assert process.wait(timeout=60) == -signal.SIGINT or "KeyboardInterrupt" in rest
    assert "Interrupted. Epoch " in rest and "is saved" in rest and "KeyboardInterrupt" in rest
    epoch = cutract.load(tmp_path / "run", "cpu").info["epoch"]
    assert 1 <= epoch < 100000


def test_a_training_does_not_outlive_a_killed_process(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    code = f"""
import cutract, os
wanted = {{"data.corpus": {str(tiny_corpus)!r}, "model.hidden": 16, "trainer.max_epochs": 100000, "trainer.early_stopping_patience": 0}}
cutract.train(out={str(tmp_path / "run")!r}, set=wanted, device="cpu", progress=False, callbacks=lambda e: os.kill(os.getpid(), 9))
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    log, until = tmp_path / "run" / "train.log", time.monotonic() + 60
    while "stopped by signal 15" not in log.read_text() + str(cutract._training._metrics(str(tmp_path / "run"))):
        assert time.monotonic() < until, "the training still runs: " + log.read_text()
        time.sleep(0.1)


def test_settings_can_be_nested(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    result = cutract.train(
        {"data": {"corpus": tiny_corpus}, "model": {"stack": ["dense width=8", "bilstm hidden=4 layers=1"]}, "trainer": {"max_epochs": 9}},
        out=tmp_path / "run",
        set={"trainer.max_epochs": 1},
        **QUIET,
    )
    assert result.epochs == 1 and "bilstm hidden=4" in result.load("cpu").info["config"]
    tuned = cutract.train(out=tmp_path / "tuned", config=tmp_path / "run" / "config.toml", init_from=result, **QUIET)
    assert tuned.epochs == 1


def test_wrong_settings(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(cutract.ConfigError) as caught:
        cutract.train({"model": {"hiden": 3}}, out=tmp_path / "run", set={"optim.lr": -1.0}, **QUIET)
    assert sorted(str(caught.value).splitlines()) == [
        next(line for line in str(caught.value).splitlines() if line.startswith("optim.lr = ")),
        'unknown key "model.hiden" (did you mean "model.hidden"?)',
    ]
    with pytest.raises(cutract.UsageError, match="callbacks: expected functions"):
        cutract.train(out=tmp_path / "run", callbacks=[3], **QUIET)  # type: ignore[list-item]
    with pytest.raises(cutract.FileError):
        cutract.train(out=tmp_path / "run", set=settings(tmp_path / "none"), **QUIET)
    with pytest.raises(cutract.DataError, match="nowhere"):
        cutract.train(out=tmp_path / "run", set=settings(tiny_corpus, **{"data.val_split": "nowhere"}), **QUIET)
    with pytest.raises(cutract.UsageError, match="^device tpu: expected auto"):
        cutract.train(out=tmp_path / "run", set=settings(tiny_corpus), progress=False, device="tpu")
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_finished_run_is_left_alone(run: str, tiny_corpus: pathlib.Path) -> None:
    seen: list[dict] = []
    again = cutract.train(out=run, set=settings(tiny_corpus), callbacks=seen.append, **QUIET)
    assert seen == [] and again.epochs == 2 and not again.stopped
    with pytest.raises(cutract.UsageError):
        cutract.train(out=run, set=settings(tiny_corpus), resume=False, **QUIET)


def test_diverged(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path) -> None:
    wild = settings(tiny_corpus, **{"optim.lr": 1.0, "optim.name": "sgd", "trainer.gradient_clip_val": 0.0, "trainer.max_epochs": 300,
                                    "model.hidden": 2, "trainer.early_stopping_patience": 0, "trainer.loss": "mse"})
    wild["optim.lr"] = 10.0
    wild["model.stack"] = ["dense width=16 activation=relu", "dense width=16 activation=relu"]
    wild.pop("model.hidden")
    wild.pop("model.layers")
    with pytest.raises(cutract.DivergedError, match="diverged"):
        cutract.train(out=tmp_path / "run", set=wild, **QUIET)


def test_progress_is_shown(tiny_corpus: pathlib.Path, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="cutract"):
        cutract.train(out=tmp_path / "a", set=settings(tiny_corpus), device="cpu")
        assert "epoch 2/2" in capsys.readouterr().err and not caplog.records
        cutract.train(out=tmp_path / "b", set=settings(tiny_corpus), **QUIET)
        assert capsys.readouterr().err == "" and any("epoch 2/2" in r.getMessage() for r in caplog.records)


def test_scores_are_those_of_the_program(run: str, model: cutract.Model, tiny_corpus: pathlib.Path) -> None:
    theirs = json.loads(program("eval", run, "--json", "-", "--device", "cpu"))
    ours = cutract.evaluate(run, device="cpu")
    assert ours == theirs and ours["rmse"] > 0
    assert cutract.evaluate(model, device="cpu")["rmse"] == ours["rmse"]
    val = cutract.evaluate(run, tiny_corpus, split="val", device="cpu")
    assert val["split"] == "val" and val["rmse"] != ours["rmse"]
    with pytest.raises(cutract.DataError, match="nowhere"):
        cutract.evaluate(run, split="nowhere", device="cpu")
    with pytest.raises(cutract.FileError):
        cutract.evaluate(run, "no/such/corpus", device="cpu")
    with pytest.raises(cutract.UsageError, match="model: expected a path"):
        cutract.evaluate(3)  # type: ignore[arg-type]


def test_scores_agree_with_predictions(run: str, model: cutract.Model, tiny_corpus: pathlib.Path) -> None:
    each = {u["id"]: u for u in cutract.evaluate(run, split="val", device="cpu")["per_utterance"]}
    for u in cutract.Corpus(tiny_corpus, split="val"):
        movement = model.predict(u.audio, u.rate, speaker=u.speaker)
        millimetres = [i for i, unit in enumerate(u.units) if unit == "mm"]
        error = (movement.values - u.target_at(movement.times))[: each[u.id]["frames"], millimetres]
        assert np.isclose(np.sqrt((error.astype(float) ** 2).mean()), each[u.id]["rmse_units"], rtol=1e-3)
