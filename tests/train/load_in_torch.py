"""Trains a small model with cutract, loads its model.safetensors into PyTorch with strict=True, and compares predictions.

    load_in_torch.py CUTRACT     exit code 0, or 1 if PyTorch's movement differs by more than 1e-5 in relative L2

Needs torch, numpy and the safetensors package; scripts/goldens.sh installs them. Everything is done as a user of the file
would: features by `cutract features`, statistics from the metadata, movement by `cutract predict`.
"""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torchaudio
from safetensors import safe_open
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import kill_training  # noqa: E402  for its corpus of tones

BOUND = 1e-5
HIDDEN, LAYERS, WIDTH = 7, 2, 9


class BiLstm(nn.Module):
    """The model of the short form, under the names that cutract writes."""

    settings = f"hidden = {HIDDEN}\nlayers = {LAYERS}"

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, HIDDEN, LAYERS, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * HIDDEN, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [T,F] -> y [T,P]."""
        return self.fc(self.lstm(x[None])[0][0])


class Stack(nn.Module):
    """A stack of every kind of block, likewise."""

    settings = f'stack = ["dense width={WIDTH} activation=gelu", "bilstm hidden={HIDDEN} layers={LAYERS}", "dense width=5"]'

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(features, WIDTH)
        self.lstm = nn.LSTM(WIDTH, HIDDEN, LAYERS, batch_first=True, bidirectional=True)
        self.dense2 = nn.Linear(2 * HIDDEN, 5)
        self.fc = nn.Linear(5, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [T,F] -> y [T,P]."""
        h = self.lstm(nn.functional.gelu(self.dense(x))[None])[0][0]
        return self.fc(torch.relu(self.dense2(h)))


class Attention(nn.Module):
    """Self-attention over a Bi-LSTM, and a transformer encoder, likewise."""

    settings = (
        'stack = ["bilstm hidden=16 layers=1", "attention heads=1", "dense width=64 activation=none", '
        '"transformer heads=2 layers=2 feed_forward=20 activation=gelu positions=none"]'
    )

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, 16, 1, batch_first=True, bidirectional=True)
        self.attention = nn.MultiheadAttention(32, 1, batch_first=True)
        self.attention_norm = nn.LayerNorm(32)
        self.dense = nn.Linear(32, 64)
        layer = nn.TransformerEncoderLayer(64, 2, 20, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(64))
        self.fc = nn.Linear(64, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [T,F] -> y [T,P]."""
        h = self.lstm(x[None])[0]
        h = self.attention_norm(h + self.attention(h, h, h, need_weights=False)[0])
        return self.fc(self.encoder(self.dense(h)))[0]


class Conformer(nn.Module):
    """A conformer, likewise."""

    settings = (
        'stack = ["dense width=32 activation=none", '
        '"conformer heads=1 layers=2 feed_forward=20 kernel=9 positions=none"]'
    )

    def __init__(self, features: int, channels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(features, 32)
        self.conformer = torchaudio.models.Conformer(32, 1, 20, 2, 9, use_group_norm=True)
        self.fc = nn.Linear(32, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x [T,F] -> y [T,P]."""
        return self.fc(self.conformer(self.dense(x)[None], torch.tensor([len(x)]))[0][0])


def numbers(metadata: dict[str, str], key: str) -> np.ndarray:
    return np.array([float(v) for v in metadata[key].split()])


def compare(cutract: str, kind: type[nn.Module]) -> float:
    """Returns the difference of the movement, in relative L2."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        kill_training.make_corpus(folder / "corpus")
        config = kill_training.config_of(folder / "corpus")
        config = config.replace("hidden = 4\nlayers = 1", kind.settings)
        (folder / "c.toml").write_text(config)
        wav = folder / "corpus/audio/u3.wav"

        def run(*arguments: str | pathlib.Path) -> None:
            subprocess.run([cutract, *map(str, arguments)], check=True, cwd=folder, capture_output=True)

        run("train", "-c", "c.toml", "--out", "run", "-q", "--device", "cpu")
        run("features", "-c", "c.toml", "--out", "feats", wav)
        run("predict", "run", wav, "--speaker", "a", "--format", "npz", "--out", "movement", "--device", "cpu")
        features = np.load(folder / "feats/u3.npy")
        with np.load(next((folder / "movement").glob("*.npz"))) as archive:
            ours = archive["values"].astype(np.float64)
        with safe_open(folder / "run/best/model.safetensors", framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata()

    model = kind(features.shape[1], ours.shape[1])
    model.load_state_dict(state, strict=True)
    model.double().eval()
    z = (features - numbers(metadata, "normaliser.features.mean.a")) / numbers(metadata, "normaliser.features.std.a")
    with torch.no_grad():
        y = model(torch.from_numpy(z)).numpy()
    theirs = y * numbers(metadata, "normaliser.targets.std.a") + numbers(metadata, "normaliser.targets.mean.a")
    difference = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
    print(f"{kind.__name__}: {len(state)} tensors loaded strictly; movement of {ours.shape[0]} frames differs by {difference:.1e} in relative L2")
    return difference


def main(cutract: str) -> int:
    differences = [compare(cutract, kind) for kind in (BiLstm, Stack, Attention, Conformer)]
    return 0 if all(d <= BOUND for d in differences) else 1  # unlike max(), does not pass over NaN


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
