"""A trained model as a torch.nn.Module, for fine-tuning in PyTorch, for other losses or for export.

    import cutract.torch
    module = cutract.torch.load("runs/demo")
    module.load_state_dict(cutract.torch.state_of("runs/demo"), strict=True)    # load has done this already

The parameters have the names of `model.safetensors` (docs/models.md), so `load_state_dict(strict=True)` accepts that file. The
statistics that normalise features and channels are not parameters: `normalise` and `to_units` apply them. Dropout is that of the
model's config and is active in training mode only. Needs torch 1.13 or later; torchaudio is not needed.
"""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Optional, Union

import numpy as np

try:
    import torch
except ImportError as why:
    raise ImportError("cutract.torch needs PyTorch; install it with: pip install torch") from why
from torch import Tensor, nn
from torch.nn import functional as F

from . import _native
from ._audio import Audio, expect_finite, samples_of
from ._errors import DataError, UsageError
from ._evaluation import path_of
from ._features import extractor_of_model
from ._frames import Features, Movement
from ._model import Model as TrainedModel
from ._model import load as load_model
from ._torch_layers import ACTIVATIONS, Conformer, Options, SelfAttention, Transformer

_SCOPES = {"dense": "dense", "bilstm": "lstm", "attention": "attention", "transformer": "encoder", "conformer": "conformer"}


class Statistics:
    """Mean and standard deviation of each column, of the training corpus and of each training speaker."""

    def __init__(self, metadata: dict[str, str], prefix: str) -> None:
        def numbers(key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
            return np.array([float(v) for v in metadata[key].split()])

        self.scope = metadata[f"{prefix}.scope"]
        self.corpus = numbers(f"{prefix}.mean"), numbers(f"{prefix}.std")
        start = f"{prefix}.mean."
        names = [key[len(start) :] for key in metadata if key.startswith(start)]
        self.speakers = {name: (numbers(start + name), numbers(f"{prefix}.std.{name}")) for name in names}

    def of(self, speaker: str | None, like: Tensor) -> tuple[Tensor, Tensor]:
        if speaker is not None and self.speakers and speaker not in self.speakers:
            raise UsageError(f"speaker {speaker}: expected one of {', '.join(sorted(self.speakers))}, or None for anyone else")
        mean, std = self.speakers.get(speaker or "", self.corpus)
        return torch.from_numpy(mean).to(like), torch.from_numpy(std).to(like)


class Module(nn.Module):
    """The network of a trained model. Normalised features [T, F] or [B, T, F] -> normalised channels [T, P] or [B, T, P].

    The utterances of a batch must have the same length, because attention and group norm see all frames of an utterance.
    """

    def __init__(self, trained: TrainedModel, features: int, statistics: tuple[Statistics, Statistics]) -> None:
        super().__init__()
        self.trained = trained  #: the cutract.Model, for its channels, units and settings
        self._statistics = statistics
        self._steps: list[tuple[str, str, Options]] = []
        count: dict[str, int] = {}
        width = features
        for entry in _native.blocks(trained.info["config"]):
            kind, options = _parsed(entry)
            scope = _SCOPES[kind]
            count[scope] = count.get(scope, 0) + 1
            name = scope if count[scope] == 1 else f"{scope}{count[scope]}"
            width = self._add(kind, name, width, options)
            self._steps.append((kind, name, options))
        self.fc = nn.Linear(width, len(trained.channels))

    def _add(self, kind: str, name: str, width: int, options: Options) -> int:
        """Makes the layers of a block and returns its width."""
        if kind == "dense":
            self.add_module(name, nn.Linear(width, options["width"]))
            return int(options["width"])
        if kind == "bilstm":
            between = options["dropout"] if options["layers"] > 1 else 0.0
            lstm = nn.LSTM(width, options["hidden"], options["layers"], batch_first=True, bidirectional=True, dropout=between)
            self.add_module(name, lstm)
            return 2 * int(options["hidden"])
        if kind == "attention":
            self.add_module(name, SelfAttention(width, options))
            self.add_module(name + "_norm", nn.LayerNorm(width))
        elif kind == "transformer":
            self.add_module(name, Transformer(width, options))
        else:
            self.add_module(name, Conformer(width, options))
        return width

    def forward(self, x: Tensor) -> Tensor:
        single = x.dim() == 2
        h = x[None] if single else x
        for kind, name, options in self._steps:
            layer = getattr(self, name)
            if kind == "dense":
                h = F.dropout(ACTIVATIONS[options["activation"]](layer(h)), options["dropout"], self.training)
            elif kind == "bilstm":
                h = F.dropout(layer(h)[0], options["dropout"], self.training)
            elif kind == "attention":
                h = getattr(self, name + "_norm")(h + F.dropout(layer(h), options["dropout"], self.training))
            else:
                h = layer(h)
        y = self.fc(h)
        return y[0] if single else y

    def normalise(self, features: Tensor, speaker: str | None = None) -> Tensor:
        """Features [T, F] -> normalised features, by the statistics of a training speaker (None: of the training corpus)."""
        statistics = self._statistics[0]
        if statistics.scope == "utterance":
            std, mean = torch.std_mean(features, dim=-2, unbiased=False, keepdim=True)
            return (features - mean) / torch.where(std > 0, std, torch.ones_like(std))
        mean, std = statistics.of(speaker, features)
        return (features - mean) / std

    def to_units(self, z: Tensor, speaker: str | None = None) -> Tensor:
        """Normalised channels [.., P] -> channels in their units."""
        mean, std = self._statistics[1].of(speaker, z)
        return z * std + mean

    def to_z(self, channels: Tensor, speaker: str | None = None) -> Tensor:
        """Channels [.., P] in their units -> normalised channels, the inverse of to_units: the target of a training."""
        mean, std = self._statistics[1].of(speaker, channels)
        return (channels - mean) / std

    def features(self, audio: Audio, sample_rate: float | None = None) -> Features:
        """Computes the features of the model, not normalised, from a file or samples as Model.predict takes them."""
        samples, rate = samples_of(audio, sample_rate, None, self.trained.info["audio_channel"])
        expect_finite(samples)
        extractor = extractor_of_model(self.trained.info["config"])
        values = extractor.compute(samples, rate)
        return Features(values, tuple(extractor.columns()), extractor.first_s, extractor.step_s)

    def predict(self, audio: Audio, sample_rate: float | None = None, *, speaker: str | None = None) -> Movement:
        """Predicts the movement with PyTorch.

        With the name of a training speaker the values are those of Model.predict, but for rounding. Without one, features are
        normalised by the training corpus, as `cutract predict --feature-statistics training` does.
        """
        features = self.features(audio, sample_rate)
        like = self.fc.weight
        with torch.no_grad():
            z = self(self.normalise(torch.from_numpy(features.values).to(like), speaker))
            values = self.to_units(z, speaker).float().cpu().numpy()
        return Movement(values, self.trained.channels, self.trained.units, features.first_s, features.step_s)


def _parsed(entry: str) -> tuple[str, Options]:
    """Reads "dense width=64 activation=relu dropout=0"."""
    kind, *words = entry.split()
    options: Options = {}
    for key, text in (word.split("=", 1) for word in words):
        try:
            options[key] = json.loads(text)  # numbers, true and false
        except ValueError:
            options[key] = text
    return kind, options


def _read(model: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Returns the tensors and the metadata of model.safetensors, which Model.load has checked."""
    path = pathlib.Path(model)
    data = (path / "model.safetensors" if path.is_dir() else path).read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[start + begin : start + end], dtype="<f4").reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors, metadata


def state_of(model: Union[TrainedModel, str, "os.PathLike[str]"]) -> dict[str, Tensor]:
    """Returns the parameters of a trained model by name, for load_state_dict(strict=True)."""
    trained = model if isinstance(model, TrainedModel) else load_model(path_of(model), "cpu")
    return _read(trained.info["checkpoint"])[0]


def load(model: Union[TrainedModel, str, "os.PathLike[str]"], dtype: Optional[torch.dtype] = None) -> Module:
    """Loads a trained model as a torch.nn.Module on the CPU, in evaluation mode.

    model  path of a run, a checkpoint or a .safetensors file, a cutract.Model, or the result of cutract.train
    """
    trained = model if isinstance(model, TrainedModel) else load_model(path_of(model), "cpu")
    tensors, metadata = _read(trained.info["checkpoint"])
    statistics = Statistics(metadata, "normaliser.features"), Statistics(metadata, "normaliser.targets")
    module = Module(trained, len(statistics[0].corpus[0]), statistics)
    try:
        module.load_state_dict(tensors, strict=True)
    except RuntimeError as why:
        raise DataError(f"{trained.path}: its tensors are not those of its config: {why}") from None
    if dtype is not None:
        module.to(dtype=dtype)
    module.eval()
    return module
