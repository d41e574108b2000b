"""Makes {glu,depthwise_conv,group_norm}.safetensors: one forward and backward of an op of conformers, by PyTorch.

Inputs are float32 values; the truth (outputs and gradients) is computed in float64 from them. Prints the rounding
error of the same computation in float32.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import golden_io  # first: it fixes the thread counts

import numpy as np
import torch
from torch import Tensor, nn

Inputs = dict[str, Tensor]


def gradients(inputs: Inputs, dy: Tensor, forward: Callable[[Inputs], Tensor], dtype: torch.dtype) -> Inputs:
    """y, and the gradient of each input, which is called d<name>, for the gradient dy of y."""
    leaves = {name: value.detach().clone().to(dtype).requires_grad_() for name, value in inputs.items()}
    y = forward(leaves)
    y.backward(dy.to(dtype))
    return {"y": y.detach(), **{f"d{name}": leaf.grad for name, leaf in leaves.items()}}


def fixture(
    inputs: Inputs, length: list[int], columns: int, forward: Callable[[Inputs], Tensor], call: str
) -> golden_io.Fixture:
    """The inputs, y [N,columns] and its gradients for a random dy."""
    dy = torch.randn(sum(length), columns)
    truth = gradients(inputs, dy, forward, torch.float64)
    for name, value in gradients(inputs, dy, forward, torch.float32).items():
        error = golden_io.relative_l2(value.numpy(), truth[name].numpy())
        print(f"  {call.split('(')[0]}: {name} in float32 is off by {error:.1e}")
    tensors = {name: value.numpy() for name, value in {**inputs, "dy": dy, **truth}.items()}
    tensors["length"] = np.array(length, np.int32)
    tools = {"torch": torch.__version__, "numpy": np.__version__}
    return golden_io.Fixture(tensors, {"call": call, "tools": json.dumps(tools)})


def of_each_utterance(length: list[int], forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Packed x [N,C] -> y [N,C], through a torch function of one utterance [1,C,T] that gives [1,C,T]."""
    return torch.cat([forward(part.T[None])[0].T for part in torch.split(x, length)])


def build() -> dict[str, golden_io.Fixture]:
    """The files of this maker."""
    torch.manual_seed(20240603)
    glu = fixture(
        {"x": 3 * torch.randn(11, 10)}, [11], 5, lambda t: nn.functional.glu(t["x"]), "torch.nn.functional.glu(x)"
    )
    length = [70, 33, 9, 1]
    depthwise_conv = fixture(
        {"x": torch.randn(sum(length), 6), "w": torch.randn(6, 1, 31), "b": torch.randn(6)},
        length,
        6,
        lambda t: of_each_utterance(
            length, lambda x: nn.functional.conv1d(x, t["w"], t["b"], padding=15, groups=6), t["x"]
        ),
        "torch.nn.functional.conv1d(x, w, b, padding=15, groups=6) of each utterance alone",
    )
    group_norm = fixture(
        {"x": 2 + 3 * torch.randn(sum(length), 6), "w": torch.randn(6), "b": torch.randn(6)},
        length,
        6,
        lambda t: of_each_utterance(length, lambda x: nn.functional.group_norm(x, 1, t["w"], t["b"], 1e-5), t["x"]),
        "torch.nn.functional.group_norm(x, 1, w, b, 1e-5) of each utterance alone",
    )
    return {
        "glu.safetensors": glu,
        "depthwise_conv.safetensors": depthwise_conv,
        "group_norm.safetensors": group_norm,
    }


if __name__ == "__main__":
    sys.exit(golden_io.main(__doc__ or "", "tests/golden/make_conformer_ops.py", build))
