"""Scores of a model on a corpus."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, Union

from . import _log, _program
from ._audio import Path, encoded, name_of
from ._errors import UsageError
from ._model import Model
from ._settings import in_python

if TYPE_CHECKING:
    from ._training import TrainResult

ModelOrPath = Union["Model", "TrainResult", Path]


def path_of(model: object) -> str:
    """Returns the path of a model that is given as a path, a Model or the result of a training."""
    if isinstance(model, (str, os.PathLike)):
        return str(os.fspath(model))
    path = getattr(model, "path", None)
    if not isinstance(path, str):
        raise UsageError(f"model: expected a path, a Model or the result of train, got {type(model).__name__}")
    return path


def evaluate(
    model: ModelOrPath, corpus: Path | None = None, *, split: str | None = None, device: str = "auto", skip_bad: bool = False
) -> dict[str, Any]:
    """Scores a model on one split of a corpus and returns what `cutract eval --json` prints.

    model     path of a run, a checkpoint or a .safetensors file, a Model, or the result of train
    corpus    corpus folder; None: the corpus that the model was trained on
    split     None: the test split of the model's config
    device    "auto", "cpu", "cuda" or "cuda:N"
    skip_bad  skip utterances that cannot be read, instead of failing

    The dict has rmse and mae (in standard deviations), pearson, rmse_units, loss, channels, per_speaker, per_utterance, ...
    """
    arguments: list[str | bytes] = ["eval", "--json", "-", "--device", name_of(device, "device")]
    if corpus is not None:
        arguments += ["--corpus", encoded(corpus, "corpus")]
    if split is not None:
        arguments += ["--split", name_of(split, "split")]
    if skip_bad:
        arguments.append("--skip-bad")
    arguments += ["--", os.fsencode(path_of(model))]
    with _program.start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate()
        except BaseException:  # KeyboardInterrupt: nothing is lost
            process.kill()
            raise
    lines = err.decode(errors="replace").splitlines()
    if process.returncode != 0:
        raise in_python(_program.failure("cutract eval", process.returncode, lines), [])
    for line in lines:
        _log.write(line)
    scores: dict[str, Any] = json.loads(out)
    return scores
