"""The blocks of a model as layers of PyTorch, with the names of parameters that model.safetensors has (docs/models.md)."""

from __future__ import annotations

import math
from typing import Any, Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Options = dict[str, Any]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "silu": F.silu,
    "gelu": F.gelu,
}


class SelfAttention(nn.Module):
    """Multi-head self-attention with the parameters of nn.MultiheadAttention, rotary positions and a window. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        self.heads, self.dropout = options["heads"], options["dropout"]
        self.rope, self.window = options["positions"] == "rope", options["window"]
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, width = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias).view(batch, frames, 3, self.heads, -1)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # [B, heads, T, columns of a head] each
        if self.rope:
            q, k = _turned(q), _turned(k)
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if self.window > 0:
            position = torch.arange(frames, device=x.device)
            outside = (position[:, None] - position[None, :]).abs() > self.window
            scores = scores.masked_fill(outside, -math.inf)
        weights = F.dropout(torch.softmax(scores, dim=-1), self.dropout, self.training)
        return self.out_proj((weights @ v).transpose(1, 2).reshape(batch, frames, width))


def _turned(x: Tensor) -> Tensor:
    """Rotary position embedding: elements i and i + K/2 of a head are turned by the position times 10000^(-2i/K)."""
    half = x.shape[-1] // 2
    frequency = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * frequency
    cos, sin = angle.cos().to(x), angle.sin().to(x)
    low, high = x[..., :half], x[..., half:]
    return torch.cat([low * cos - high * sin, high * cos + low * sin], dim=-1)


class TransformerLayer(nn.Module):
    """A layer of nn.TransformerEncoder, with the attention above. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        self.activation, self.dropout, self.pre = options["activation"], options["dropout"], options["norm"] == "pre"
        self.self_attn = SelfAttention(width, options)
        self.linear1 = nn.Linear(width, options["feed_forward"])
        self.linear2 = nn.Linear(options["feed_forward"], width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def _drop(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self._drop(ACTIVATIONS[self.activation](self.linear1(x))))

    def forward(self, x: Tensor) -> Tensor:
        if self.pre:
            x = x + self._drop(self.self_attn(self.norm1(x)))
            return x + self._drop(self._feed_forward(self.norm2(x)))
        x = self.norm1(x + self._drop(self.self_attn(x)))
        return self.norm2(x + self._drop(self._feed_forward(x)))


class Transformer(nn.Module):
    """The block `transformer`. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TransformerLayer(width, options) for _ in range(options["layers"]))
        self.norm = nn.LayerNorm(width) if options["norm"] == "pre" else None

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x if self.norm is None else self.norm(x)


class FeedForward(nn.Module):
    """The feed-forward part of a conformer, with its layer norm. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        inner, dropout = options["feed_forward"], options["dropout"]
        self.sequential = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, inner), nn.SiLU(), nn.Dropout(dropout), nn.Linear(inner, width), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.sequential(x)


class ConvolutionModule(nn.Module):
    """The convolution of a conformer, with its layer norm. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        kernel = options["kernel"]
        self.layer_norm = nn.LayerNorm(width)
        self.sequential = nn.Sequential(
            nn.Conv1d(width, 2 * width, 1),
            nn.GLU(dim=1),
            nn.Conv1d(width, width, kernel, padding=(kernel - 1) // 2, groups=width),
            nn.GroupNorm(1, width),
            nn.SiLU(),
            nn.Conv1d(width, width, 1),
            nn.Dropout(options["dropout"]),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.sequential(self.layer_norm(x).transpose(1, 2)).transpose(1, 2)


class ConformerLayer(nn.Module):
    """A layer of torchaudio.models.Conformer(use_group_norm=True), with the attention above. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        self.convolution_first, self.dropout = options["convolution_first"], options["dropout"]
        self.ffn1 = FeedForward(width, options)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.self_attn = SelfAttention(width, options)
        self.conv_module = ConvolutionModule(width, options)
        self.ffn2 = FeedForward(width, options)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + 0.5 * self.ffn1(x)
        if self.convolution_first:
            x = x + self.conv_module(x)
        x = x + F.dropout(self.self_attn(self.self_attn_layer_norm(x)), self.dropout, self.training)
        if not self.convolution_first:
            x = x + self.conv_module(x)
        return self.final_layer_norm(x + 0.5 * self.ffn2(x))


class Conformer(nn.Module):
    """The block `conformer`. x [B,T,W] -> [B,T,W]."""

    def __init__(self, width: int, options: Options) -> None:
        super().__init__()
        self.conformer_layers = nn.ModuleList(ConformerLayer(width, options) for _ in range(options["layers"]))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.conformer_layers:
            x = layer(x)
        return x
