"""Training by the program `cutract`, in a process of its own.

A training in another process cannot block or break this one: it keeps its own signal handling, returns all its memory when it
ends, and leaves checkpoints that no failure of this process can lose. If this process is killed, it saves and stops.
"""

from __future__ import annotations

import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from . import _log, _program
from ._audio import Path, encoded, name_of
from ._errors import UsageError
from ._evaluation import ModelOrPath, path_of
from ._model import Model, load
from ._settings import Settings, assignments, check, in_python

Epoch = dict[str, Any]
Callback = Callable[[Epoch], object]

_EPOCH_LINE = re.compile(r"epoch (\d+)/\d+ ")  # the line that the program prints after each epoch


class TrainResult:
    """A finished or stopped training.

    path           run folder; `cutract.load`, `cutract.evaluate` and `cutract eval` take it
    epochs         number of epochs that are done
    best_epoch     epoch of the best checkpoint; 0: none
    best_val_loss  its validation loss; None: none
    stop_reason    why the training ended, e.g. "reached max_epochs"
    stopped        whether a callback or a signal stopped it; the same call continues it
    history        one dict for each epoch: the columns of metrics.csv, as callbacks get them
    """

    def __init__(self, path: str, stopped: bool, stop_reason: str) -> None:
        self.path = path
        self.stopped = stopped
        self.history = _history(path)
        metrics = _metrics(path)
        self.epochs: int = metrics.get("epochs", len(self.history))
        self.best_epoch: int = metrics.get("best_epoch", 0)
        self.best_val_loss: float | None = metrics.get("best_val_loss")
        self.stop_reason: str = stop_reason or metrics.get("stop_reason", "")

    def load(self, device: str = "auto") -> Model:
        """Loads the best checkpoint."""
        return load(self.path, device)

    def __repr__(self) -> str:
        best = "" if self.best_val_loss is None else f", best {self.best_epoch} with val_loss {self.best_val_loss:.4g}"
        return f"TrainResult({self.path!r}: {self.epochs} epochs{best}; {self.stop_reason})"


def train(
    config: Path | Settings | None = None,
    *,
    out: Path,
    set: Settings | None = None,  # noqa: A002  as the option of the program
    callbacks: Callback | Iterable[Callback] = (),
    device: str = "auto",
    resume: bool | Path = True,
    init_from: ModelOrPath | None = None,
    progress: bool = True,
) -> TrainResult:
    """Trains a model as `cutract train` does, with the same results to the bit.

    config     TOML config file, or settings as a dict, e.g. {"model": {"hidden": 64}}; None: the defaults
    out        run folder; made if it is missing
    set        further settings by their full name, e.g. {"model.hidden": 64}; they take precedence over config
    callbacks  functions that are called after each epoch with a dict of its figures: epoch, step, train_loss, val_loss, val_rmse,
               val_pearson, lr, seconds, ..., and the RMSE and r of each channel; an undefined figure is None. Training stops when one
               of them returns False or raises; everything is saved up to the current step
    device     "auto", "cpu", "cuda" or "cuda:N"
    resume     True: continue if the run folder has checkpoints; False: fail if it has; a path: continue from that checkpoint or run
    init_from  model whose weights a new run starts from
    progress   show the lines of the program on sys.stderr; otherwise they go to the logger "cutract"

    KeyboardInterrupt (Ctrl-C) saves and stops the training, and is then raised again; the same call continues it.
    Returns TrainResult.
    """
    given = assignments(config) if isinstance(config, Mapping) else []
    given += assignments(set)
    path = os.fspath(out)
    file = b"" if config is None or isinstance(config, Mapping) else encoded(config, "config")
    check(file, given)
    arguments: list[str | bytes] = ["train", "--end-with-parent", "--out", encoded(out, "out"), "--device", name_of(device, "device")]
    if file:
        arguments += ["--config", file]
    for assignment in given:
        arguments += ["--set", assignment]
    arguments += ["--resume", _resume(resume)]
    if init_from is not None:
        arguments += ["--init-from", os.fsencode(path_of(init_from))]
    run = _Run(path, _callbacks(callbacks), progress)
    exit_code = run.follow(arguments)
    if exit_code not in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM, 128 + signal.SIGHUP):
        raise in_python(_program.failure("cutract train", exit_code, run.lines), given)
    if run.raised is not None:
        raise run.raised
    return TrainResult(path, exit_code != 0, "stopped by a callback" if run.asked and exit_code != 0 else "")


def _resume(resume: bool | Path) -> str | bytes:
    if isinstance(resume, bool):
        return "auto" if resume else "never"
    return encoded(resume, "resume")


def _callbacks(callbacks: Callback | Iterable[Callback]) -> list[Callback]:
    found = [callbacks] if callable(callbacks) else list(callbacks)
    for one in found:
        if not callable(one):
            raise UsageError(f"callbacks: expected functions that take a dict, got {type(one).__name__}")
    return found


class _Run:
    """A training in progress."""

    def __init__(self, path: str, callbacks: list[Callback], progress: bool) -> None:
        self.lines: list[str] = []  # the errors
        self.raised: BaseException | None = None  # by a callback, or KeyboardInterrupt
        self.asked = False  # whether a callback asked to stop
        self._path = path
        self._callbacks = callbacks
        self._progress = progress
        self._told = False  # whether the program was told to stop

    def follow(self, arguments: list[str | bytes]) -> int:
        """Runs the program to its end and returns its exit code; a negative one is a signal."""
        # A session of its own: Ctrl-C in a terminal would otherwise reach the program too, and with the signal that is sent here
        # be the second one, which ends it at once.
        process = _program.start(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        try:
            while True:
                try:
                    self._read(process)
                    return process.wait()
                except KeyboardInterrupt as interrupt:
                    self._interrupted(process, interrupt)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            if process.stderr:
                process.stderr.close()

    def _interrupted(self, process: subprocess.Popen[bytes], interrupt: KeyboardInterrupt) -> None:
        # The second signal that the program gets ends it at once, so it gets that only for a second Ctrl-C.
        if not self._told or isinstance(self.raised, KeyboardInterrupt):
            process.send_signal(signal.SIGINT)
        self._told = True
        self.raised = interrupt

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None
        while raw := process.stderr.readline():
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith("error: "):
                self.lines.append(line)
                continue
            if self._progress:
                print(line, file=sys.stderr, flush=True)
            else:
                _log.write(line)
            found = _EPOCH_LINE.match(line)
            if found and not self._told and self._wants_stop(int(found[1])):
                self._told = True
                process.send_signal(signal.SIGINT)

    def _wants_stop(self, epoch: int) -> bool:
        if not self._callbacks:
            return False
        figures = next((e for e in reversed(_history(self._path)) if e["epoch"] == epoch), {"epoch": epoch})
        for callback in self._callbacks:
            try:
                if callback(dict(figures)) is False:
                    self.asked = True
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                self.raised = error
                return True
        return self.asked


def _history(path: str) -> list[Epoch]:
    """Returns the epochs of a run folder, as its metrics.csv has them."""
    try:
        with open(pathlib.Path(path) / "metrics.csv", newline="", encoding="utf-8") as file:
            return [{key: _number(text) for key, text in row.items() if key} for row in csv.DictReader(file) if row.get("epoch")]
    except OSError:
        return []


def _number(text: str | None) -> float | int | None:
    if not text:
        return None
    return int(text) if re.fullmatch(r"-?\d+", text) else float(text)


def _metrics(path: str) -> dict[str, Any]:
    try:
        metrics = json.loads((pathlib.Path(path) / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return metrics if isinstance(metrics, dict) else {}
