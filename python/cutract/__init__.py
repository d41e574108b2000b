"""Acoustic-to-articulatory inversion: speech in, movement of the tongue, lips and jaw out.

    model = cutract.load("runs/demo")
    movement = model.predict("speech.wav")
    movement.values, movement.channels, movement.units, movement.times

`load` and `Model.predict` run a trained model, `features` computes log-mels and MFCCs, `train` and `evaluate` do what the
program `cutract` does, `Corpus` reads a corpus, and `cutract.torch` turns a trained model into a torch.nn.Module. Every failure
is a `cutract.Error`. Notes and warnings go to the logger "cutract" of Python's logging.
"""

from importlib.metadata import PackageNotFoundError, version

from . import _log  # noqa: F401  passes the library's log to Python's
from ._corpus import Corpus, Utterance
from ._errors import (
    ConfigError,
    DataError,
    DeviceError,
    DivergedError,
    Error,
    FileError,
    InternalError,
    OutOfMemoryError,
    UsageError,
)
from ._evaluation import evaluate
from ._features import features
from ._frames import Features, Movement
from ._model import Model, load
from ._training import TrainResult, train

try:
    __version__ = version("cutract")
except PackageNotFoundError:  # the folder is on the path without being installed
    __version__ = "unknown"

__all__ = [
    "ConfigError",
    "Corpus",
    "DataError",
    "DeviceError",
    "DivergedError",
    "Error",
    "Features",
    "FileError",
    "InternalError",
    "Model",
    "Movement",
    "OutOfMemoryError",
    "TrainResult",
    "UsageError",
    "Utterance",
    "evaluate",
    "features",
    "load",
    "train",
]
