"""Makes attention_*.safetensors: results of PyTorch's nn.MultiheadAttention, nn.TransformerEncoder and torchaudio's Conformer.

Each case is a module, the head nn.Linear, one forward and the gradients of sum(y * dy), computed in float64 from float32
parameters and inputs, for each utterance alone: so nothing of padding can enter.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass

import golden_io  # first: it fixes the thread counts

import numpy as np
import torch
import torchaudio
from torch import Tensor, nn

CHANNELS = 3
LENGTHS = [9, 5, 1]


def rotated(x: Tensor) -> Tensor:
    """Rotary positions (arXiv 2104.09864): pairs (i, i + K/2) of x [A, T, K] turned by position * 10000^(-2i/K)."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half)
    turn = torch.polar(torch.ones_like(angle), angle)
    z = torch.complex(x[..., :half], x[..., half:]) * turn
    return torch.cat([z.real, z.imag], -1)


class RotaryAttention(nn.MultiheadAttention):
    """nn.MultiheadAttention with rotary positions and, with a window, only keys at most that far away."""

    window = 0

    def forward(self, query: Tensor, key: Tensor, value: Tensor, **_: object) -> tuple[Tensor, None]:
        x = query.flatten(0, 1)  # of one utterance, [1, T, E] or [T, 1, E]
        T = len(x)
        qkv = nn.functional.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (part.view(T, self.num_heads, -1).transpose(0, 1) for part in qkv.chunk(3, -1))
        scores = rotated(q) @ rotated(k).transpose(1, 2) / math.sqrt(q.shape[-1])
        if self.window:
            apart = (torch.arange(T)[:, None] - torch.arange(T)[None]).abs()
            scores = scores.masked_fill(apart > self.window, -math.inf)
        out = (scores.softmax(-1) @ v).transpose(0, 1).reshape(T, -1)
        return self.out_proj(out).view(query.shape), None


class Attention(nn.Module):
    """The block `attention`: y = norm(x + attention(x))."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.attention_norm = nn.LayerNorm(width)
        self.fc = nn.Linear(width, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.attention_norm(x + self.attention(x, x, x, need_weights=False)[0]))


class Encoder(nn.Module):
    """The block `transformer`."""

    def __init__(self, width: int, heads: int, layers: int, inner: int, activation: str, pre: bool, window: int = -1) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, heads, inner, 0.0, activation, batch_first=True, norm_first=pre)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width) if pre else None)
        if window >= 0:  # rotary positions
            for of in self.encoder.layers:
                attention = RotaryAttention(width, heads, batch_first=True)
                attention.window = window
                of.self_attn = attention
        self.fc = nn.Linear(width, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.encoder(x))


class Conformer(nn.Module):
    """The block `conformer`."""

    def __init__(self, width: int, inner: int, kernel: int, first: bool, rotary: bool) -> None:
        super().__init__()
        self.conformer = torchaudio.models.Conformer(
            width, 1, inner, 1, kernel, 0.0, use_group_norm=True, convolution_first=first
        )
        if rotary:
            self.conformer.conformer_layers[0].self_attn = RotaryAttention(width, 1)
        self.fc = nn.Linear(width, CHANNELS)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.conformer(x, torch.tensor([x.shape[1]]))[0])


@dataclass
class Case:
    """One fixture: a stack in cutract's words and the module that it equals."""

    name: str
    stack: str
    width: int
    make: Callable[[], nn.Module]


CASES = [
    Case("a", "attention heads=2 dropout=0", 64, lambda: Attention(64, 2)),
    Case(
        "pre",
        "transformer heads=1 layers=2 feed_forward=12 dropout=0 positions=none",
        32,
        lambda: Encoder(32, 1, 2, 12, "relu", pre=True),
    ),
    Case(
        "post",
        "transformer heads=1 layers=2 feed_forward=12 dropout=0 activation=gelu norm=post positions=none",
        32,
        lambda: Encoder(32, 1, 2, 12, "gelu", pre=False),
    ),
    Case(
        "rope",
        "transformer heads=2 layers=1 feed_forward=12 dropout=0 window=3",
        64,
        lambda: Encoder(64, 2, 1, 12, "relu", pre=True, window=3),
    ),
    Case(
        "conformer",
        "conformer heads=1 layers=1 feed_forward=12 kernel=5 dropout=0 positions=none",
        32,
        lambda: Conformer(32, 12, 5, first=False, rotary=False),
    ),
    Case(
        "conv_first",
        "conformer heads=1 layers=1 feed_forward=12 kernel=11 dropout=0 convolution_first=true",
        32,
        lambda: Conformer(32, 12, 11, first=True, rotary=True),
    ),
]


def shaken(module: nn.Module) -> nn.Module:
    """Moves the parameters that begin as zeros or ones, so that each has an effect."""
    for parameter in module.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return module


def make_case(case: Case) -> golden_io.Fixture:
    """One case: parameters, batch, and the truth."""
    module = shaken(case.make())
    frames = sum(LENGTHS)
    x, dy = torch.randn(frames, case.width), torch.randn(frames, CHANNELS)
    parameters = {f"param.{name}": value.detach().float().numpy().copy() for name, value in module.named_parameters()}
    module.double().train()  # in evaluation mode without gradients, PyTorch would take another path
    inputs = x.double().requires_grad_(True)
    y = torch.cat([module(part[None])[0] for part in torch.split(inputs, LENGTHS)])
    (y * dy.double()).sum().backward()
    length = np.array(LENGTHS, np.int32)
    tensors = parameters | {
        "x": x.numpy(),
        "dy": dy.numpy(),
        "length": length,
        "y": y.detach().numpy(),
        "dx": inputs.grad.numpy(),
    }
    tensors |= {f"grad.{name}": value.grad.float().numpy() for name, value in module.named_parameters()}
    metadata = {
        "stack": case.stack,
        "layout": "packed frames, longest utterance first; y [N,P] dx [N,F]",
        "loss": "sum of y * dy",
        "precision": "computed in float64 from float32 parameters, x and dy; gradients of parameters stored as float32",
        "tools": json.dumps({"torch": torch.__version__, "torchaudio": torchaudio.__version__, "numpy": np.__version__}),
    }
    return golden_io.Fixture(tensors, metadata)


def build() -> dict[str, golden_io.Fixture]:
    """Every file of this maker. Each has its own seed, so that adding one does not change another."""
    torch.set_num_threads(1)
    out = {}
    for case in CASES:
        torch.manual_seed(sum(case.name.encode()))
        out[f"attention_{case.name}.safetensors"] = make_case(case)
    return out


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__ or "", "tests/golden/make_attention.py", build))
