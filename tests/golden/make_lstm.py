"""Makes lstm_*.safetensors: results of PyTorch's nn.LSTM + nn.Linear, and training curves.

The model is the BaselineLSTM of an earlier project's report. Parameters, inputs and targets are float32
values; the truth (outputs, losses, gradients, training curves) is computed in float64 from them. Frames are packed:
utterance after utterance, longest first, without padding. Prints the rounding error of the same computation in float32.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass

import golden_io  # first: it fixes the thread counts

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

CURVE_STEPS = 200
SHORT_STEPS = 20


class BaselineLSTM(nn.Module):
    """The reference model: Bi-LSTM layers and one linear head. Parameter names are those of the fixtures."""

    def __init__(self, features: int, hidden: int, layers: int, channels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, bidirectional=True, dropout=dropout)
        self.fc = nn.Linear(2 * hidden, channels)

    def forward(self, x: Tensor, length: list[int]) -> tuple[Tensor, Tensor]:
        """Packed x [N,F] -> (y [N,P], h [N,2H]), through PyTorch's own packed sequences."""
        padded = pad_sequence(list(torch.split(x, length)), batch_first=True)
        packed, _ = self.lstm(pack_padded_sequence(padded, torch.tensor(length), batch_first=True))
        out, _ = pad_packed_sequence(packed, batch_first=True)
        h = torch.cat([out[b, :n] for b, n in enumerate(length)])
        return self.fc(h), h


@dataclass
class Batch:
    """Packed float32 frames and the utterance lengths, longest first."""

    x: Tensor  # [N,F]
    target: Tensor  # [N,P]
    length: list[int]

    def tensors(self) -> dict[str, np.ndarray]:
        """The batch under the names that every fixture uses."""
        length = np.array(self.length, np.int32)
        offset = (np.cumsum(length) - length).astype(np.int32)
        return {"x": self.x.numpy(), "target": self.target.numpy(), "length": length, "offset": offset}


@dataclass
class Case:
    """One forward-and-backward fixture."""

    name: str
    layers: int
    features: int
    hidden: int
    channels: int
    length: list[int]
    compact: bool  # gradients are rounded to float32 to keep the file small


CASES = [
    Case("a", 2, 5, 7, 3, [9, 5, 5, 1], compact=False),
    Case("b", 1, 3, 1, 2, [1], compact=False),
    Case("c", 2, 80, 32, 14, [40, 33, 17, 2, 1], compact=True),
    Case("d", 3, 6, 33, 2, [12, 11, 3], compact=True),
]

LOSSES = {"mse": nn.functional.mse_loss, "mae": nn.functional.l1_loss}


def random_batch(length: list[int], features: int, channels: int, target_mean: float = 0.0) -> Batch:
    """Standard normal features, and targets of unit variance, from torch's generator."""
    frames = sum(length)
    return Batch(torch.randn(frames, features), torch.randn(frames, channels) + target_mean, length)


def copy_of(model: nn.Module, shape: tuple[int, int, int, int], dtype: torch.dtype) -> BaselineLSTM:
    """A fresh model of another dtype with the same parameters."""
    features, hidden, layers, channels = shape
    copy = BaselineLSTM(features, hidden, layers, channels)
    copy.load_state_dict(model.state_dict(), strict=True)
    return copy.to(dtype)


def forward_backward(model: BaselineLSTM, batch: Batch, dtype: torch.dtype) -> dict[str, np.ndarray]:
    """Outputs, both losses and every gradient of a model and batch, in `dtype`."""
    out: dict[str, np.ndarray] = {}
    for loss_name, loss_function in LOSSES.items():
        suffix = "" if loss_name == "mse" else "_mae"
        model.zero_grad()
        x = batch.x.to(dtype, copy=True).requires_grad_(True)
        y, h = model(x, batch.length)
        loss = loss_function(y, batch.target.to(dtype))
        loss.backward()
        out["y"], out["h"] = y.detach().numpy(), h.detach().numpy()
        out[f"loss_{loss_name}"] = loss.detach().numpy().reshape(1)
        out[f"dx{suffix}"] = x.grad.numpy()
        for name, parameter in model.named_parameters():
            out[f"grad{suffix}.{name}"] = parameter.grad.numpy().copy()
    return out


def make_case(case: Case) -> golden_io.Fixture:
    """One case: parameters, batch, and the truth."""
    shape = (case.features, case.hidden, case.layers, case.channels)
    model = BaselineLSTM(*shape)
    batch = random_batch(case.length, case.features, case.channels)
    truth = forward_backward(copy_of(model, shape, torch.float64), batch, torch.float64)
    single = forward_backward(copy_of(model, shape, torch.float32), batch, torch.float32)

    noise = {name: golden_io.relative_l2(single[name], truth[name]) for name in truth}
    gradients = {name: value for name, value in noise.items() if name.startswith(("grad", "dx"))}
    worst = max(gradients, key=gradients.__getitem__)
    print(
        f"case {case.name}: float32 against float64, relative L2: y {noise['y']:.1e}, h {noise['h']:.1e}, "
        f"loss_mse {noise['loss_mse']:.1e}, loss_mae {noise['loss_mae']:.1e}, dx {noise['dx']:.1e}, "
        f"worst gradient {gradients[worst]:.1e} ({worst}); max |dx| {np.abs(truth['dx']).max():.1e}"
    )

    if case.compact:
        for name in gradients:
            truth[name] = truth[name].astype(np.float32)
    parameters = {f"param.{name}": value.detach().numpy() for name, value in model.named_parameters()}
    metadata = {
        "model": f"nn.LSTM({case.features}, {case.hidden}, {case.layers}, batch_first=True, bidirectional=True, "
        f"dropout=0) + nn.Linear({2 * case.hidden}, {case.channels}); h0 = c0 = 0",
        "layout": "packed frames, longest utterance first; y [N,P] h [N,2H] (forward half first) dx [N,F]",
        "loss": "plain mean over all N*P elements; grad.* and dx are of the mse, grad_mae.* and dx_mae of the mae",
        "precision": "computed in float64 from float32 parameters, x and target"
        + ("; gradients stored as float32" if case.compact else ""),
    }
    return golden_io.Fixture(parameters | batch.tensors() | truth, metadata | tools())


def train(model: BaselineLSTM, batches: list[Batch], optimizer: torch.optim.Optimizer, steps: int, dtype: torch.dtype):
    """Takes steps over the batches in turn; returns losses, gradient norms before clipping, parameters after SHORT_STEPS."""
    losses, norms, after = [], [], {}
    for step in range(steps):
        batch = batches[step % len(batches)]
        optimizer.zero_grad()
        y, _ = model(batch.x.to(dtype), batch.length)
        loss = nn.functional.mse_loss(y, batch.target.to(dtype))
        loss.backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), 1.0)))
        optimizer.step()
        losses.append(float(loss.detach()))
        if step + 1 == SHORT_STEPS:
            after = {name: value.detach().numpy().copy() for name, value in model.named_parameters()}
    return np.array(losses), np.array(norms), after


def make_curves() -> golden_io.Fixture:
    """Training curves of Adam, AdamW and Adam with L2 from the same start over the same three batches."""
    shape = (20, 16, 2, 4)
    start = BaselineLSTM(*shape)
    # The means are chosen so that clipping at 1.0 acts in some steps and not in others.
    batches = [
        random_batch([21, 14, 6], shape[0], shape[3], 0.0),
        random_batch([17, 17, 1], shape[0], shape[3], 2.0),
        random_batch([25, 9, 8, 2], shape[0], shape[3], 1.0),
    ]
    fixture = golden_io.Fixture(metadata=tools())
    fixture.tensors = {f"param.{name}": value.detach().numpy() for name, value in start.named_parameters()}
    for i, batch in enumerate(batches):
        fixture.tensors.update({f"batch{i}.{name}": value for name, value in batch.tensors().items()})

    optimizers = {
        "adam": (torch.optim.Adam, {"lr": 1e-3}, CURVE_STEPS),
        "adamw": (torch.optim.AdamW, {"lr": 1e-3, "weight_decay": 1e-2}, SHORT_STEPS),
        "adam_l2": (torch.optim.Adam, {"lr": 1e-3, "weight_decay": 1e-2}, SHORT_STEPS),
    }
    for name, (optimizer_type, options, steps) in optimizers.items():
        runs = {}
        for dtype in (torch.float64, torch.float32):
            model = copy_of(start, shape, dtype)
            runs[dtype] = train(model, batches, optimizer_type(model.parameters(), **options), steps, dtype)
        losses, norms, after = runs[torch.float64]
        losses_f32, _, after_f32 = runs[torch.float32]
        fixture.tensors[f"{name}.loss"] = losses
        fixture.tensors[f"{name}.loss_f32"] = losses_f32
        fixture.tensors[f"{name}.grad_norm"] = norms
        fixture.tensors.update({f"{name}.after{SHORT_STEPS}.{k}": v.astype(np.float32) for k, v in after.items()})
        fixture.metadata[name] = (
            f"torch.optim.{optimizer_type.__name__}({json.dumps(options)}), betas (0.9, 0.999), eps 1e-8; "
            f"{steps} steps; step i takes batch i % {len(batches)}; mse; clip_grad_norm_(1.0): gradients times "
            "min(1, 1 / (norm + 1e-6)), before the optimizer and its weight decay"
        )
        report_curve(name, runs[torch.float64], runs[torch.float32], fixture.tensors)
    fixture.metadata["precision"] = (
        "loss, grad_norm: the float64 run; loss_f32: the same run in float32, stored as float64; after20.*: the "
        "float64 run's parameters, stored as float32"
    )
    return fixture


def report_curve(name: str, run64, run32, tensors: dict[str, np.ndarray]) -> None:
    """Prints the differences between the float32 and the float64 run, and how often clipping took effect."""
    (losses, norms, after), (losses_f32, _, after_f32) = run64, run32
    deviation = np.abs(losses_f32 / losses - 1.0)
    curve = ", ".join(f"{deviation[:n].max():.1e} in {n}" for n in (20, 100, 200) if n <= len(losses))
    joined, joined_f32, start = (
        np.concatenate([values[k].ravel() for k in after])
        for values in (after, after_f32, {k: tensors[f"param.{k}"] for k in after})
    )
    moved = golden_io.relative_l2(joined_f32 - start, joined - start)
    print(
        f"{name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}; clipped in {(norms[:SHORT_STEPS] > 1).sum()} of the first "
        f"{SHORT_STEPS} steps (norm {norms.min():.2f} to {norms.max():.2f}); float32 run: loss, relative: {curve}; "
        f"parameters after {SHORT_STEPS}: relative L2 {golden_io.relative_l2(joined_f32, joined):.1e}, of their "
        f"movement {moved:.1e}"
    )


def make_init() -> golden_io.Fixture:
    """Statistics of PyTorch's initialisation of the report's model, one row per parameter."""
    model = BaselineLSTM(80, 128, 2, 14, dropout=0.3)
    count = sum(p.numel() for p in model.parameters())
    assert count == 613_902, count
    bounds = {
        name: 1.0 / math.sqrt(128) if name.startswith("lstm.") else 1.0 / math.sqrt(256)
        for name, _ in model.named_parameters()
    }
    tensors, lines = {}, {}
    for name, parameter in model.named_parameters():
        values = parameter.detach().double().numpy()
        tensors[f"stats.{name}"] = np.array([values.mean(), values.std(), values.min(), values.max(), bounds[name]])
        assert np.abs(values).max() <= bounds[name]
        lines[name] = list(values.shape)
    metadata = {
        "model": "nn.LSTM(80, 128, 2, bidirectional=True) + nn.Linear(256, 14)",
        "parameters": str(count),
        "shapes": json.dumps(lines),
        "stats": "[5]: mean, standard deviation, minimum, maximum of one draw; the bound b of the distribution",
        "lstm": "every weight and bias uniform in +-1/sqrt(H), so standard deviation b/sqrt(3)",
        "fc": "kaiming_uniform(a=sqrt(5)): weight and bias uniform in +-1/sqrt(fan_in), fan_in = 2H",
    }
    return golden_io.Fixture(tensors, metadata | tools())


def tools() -> dict[str, str]:
    """Versions, for the reader; --check does not compare them."""
    return {"tools": json.dumps({"torch": torch.__version__, "numpy": np.__version__})}


def build() -> dict[str, golden_io.Fixture]:
    """Every file of this maker. Each has its own seed, so that adding one does not change another."""
    torch.set_num_threads(1)
    out = {}
    for i, case in enumerate(CASES):
        torch.manual_seed(1000 + i)
        out[f"lstm_{case.name}.safetensors"] = make_case(case)
    torch.manual_seed(2000)
    out["lstm_curves.safetensors"] = make_curves()
    torch.manual_seed(3000)
    out["lstm_init.safetensors"] = make_init()
    return out


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__ or "", "tests/golden/make_lstm.py", build))
