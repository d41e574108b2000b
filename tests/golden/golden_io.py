"""Functions shared by the golden makers: writing safetensors files with fixed bytes, comparing them, and the command line.

The `safetensors` package writes `__metadata__` in a random order, so files are written here with sorted keys,
which makes the same tensors give the same bytes. They are read back with that package, which also checks this writer.
"""

from __future__ import annotations

import argparse
import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# Uses one thread in every BLAS library, so that sums keep their order. The libraries read this when they load, so
# makers import this module before numpy and torch.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"

import numpy as np  # noqa: E402
from safetensors import safe_open  # noqa: E402

_DTYPE_NAMES = {np.dtype("<f8"): "F64", np.dtype("<f4"): "F32", np.dtype("<i4"): "I32"}

# The largest difference that --check accepts, relative to the largest magnitude of the tensor.
_TOLERANCE = {"F64": 1e-9, "F32": 1e-6, "I32": 0.0}
# Results of float32 arithmetic (whose names end with this) depend on the CPU's instruction set.
_FLOAT32_RUN = ("_f32", 1e-5)

# Metadata that may differ between machines although the golden file is correct.
_FREE_METADATA = {"tools"}


@dataclass
class Fixture:
    """The contents of one safetensors file: arrays of float32, float64 or int32, and text about them."""

    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)


def to_bytes(fixture: Fixture) -> bytes:
    """Serialises a fixture; tensors are in order of (alignment, name), as in the safetensors package."""
    arrays = {name: np.ascontiguousarray(a) for name, a in fixture.tensors.items()}
    header: dict[str, object] = {"__metadata__": dict(sorted(fixture.metadata.items()))}
    body = bytearray()
    for name in sorted(arrays, key=lambda n: (-arrays[n].dtype.itemsize, n)):
        array = arrays[name]
        if array.ndim == 0:
            raise ValueError(f"{name}: is a scalar, expected at least one dimension")
        begin = len(body)
        body += array.tobytes()
        header[name] = {
            "dtype": _DTYPE_NAMES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [begin, len(body)],
        }
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(body)


def read(path: Path) -> Fixture:
    """Reads a file with the safetensors package."""
    with safe_open(path, framework="np") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        return Fixture(tensors, file.metadata() or {})


def differences(made: Fixture, committed: Fixture) -> list[str]:
    """Describes how two fixtures differ beyond the tolerances; an empty list means that they agree."""
    out = []
    for what, a, b in (("tensor", made.tensors, committed.tensors), ("metadata", made.metadata, committed.metadata)):
        out += [f"{what} {name}: not in the committed file" for name in sorted(a.keys() - b.keys())]
        out += [f"{what} {name}: only in the committed file" for name in sorted(b.keys() - a.keys())]
    for name in sorted(made.metadata.keys() & committed.metadata.keys()):
        if name not in _FREE_METADATA and made.metadata[name] != committed.metadata[name]:
            out.append(f"metadata {name}: is {committed.metadata[name]!r}, expected {made.metadata[name]!r}")
    for name in sorted(made.tensors.keys() & committed.tensors.keys()):
        a, b = made.tensors[name], committed.tensors[name]
        if a.dtype != b.dtype or a.shape != b.shape:
            out.append(f"tensor {name}: is {b.dtype}{list(b.shape)}, expected {a.dtype}{list(a.shape)}")
            continue
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            out.append(f"tensor {name}: NaN in other places")
            continue
        tolerance = _FLOAT32_RUN[1] if name.endswith(_FLOAT32_RUN[0]) else _TOLERANCE[_DTYPE_NAMES[a.dtype]]
        a, b = np.nan_to_num(a.astype(np.float64)), np.nan_to_num(b.astype(np.float64))
        scale = max(float(np.abs(a).max(initial=0.0)), sys.float_info.min)
        worst = float(np.abs(a - b).max(initial=0.0)) / scale
        if worst > tolerance:
            out.append(f"tensor {name}: differs by {worst:.2e} of its largest value, expected <= {tolerance:.0e}")
    return out


def relative_l2(got: np.ndarray, truth: np.ndarray) -> float:
    """The relative L2 distance of `got` from `truth`, in float64."""
    difference = np.asarray(got, np.float64) - truth
    return float(np.linalg.norm(difference) / max(np.linalg.norm(truth), sys.float_info.min))


def main(doc: str, script: str, build: Callable[[], dict[str, Fixture]]) -> int:
    """The command line of every maker. `build` returns the fixtures by file name and prints to stdout."""
    parser = argparse.ArgumentParser(
        description=doc.strip(),
        epilog=f"examples:\n  python3 {script} --out elsewhere       make the files elsewhere\n"
        f"  python3 {script} --check               compare with the committed files; exit 1 if they differ",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own_folder = Path(__file__).resolve().parent
    parser.add_argument("--out", type=Path, default=own_folder, help="folder of the files (default: the script's own)")
    parser.add_argument("--check", action="store_true", help="write nothing in --out: regenerate, compare, exit 0 or 1")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if args.check else args.out
        folder.mkdir(parents=True, exist_ok=True)
        failed = False
        for file_name, fixture in build().items():
            data = to_bytes(fixture)
            (folder / file_name).write_bytes(data)
            written = read(folder / file_name)
            assert not differences(fixture, written), f"{file_name}: what was written does not read back"
            if not args.check:
                print(f"{file_name}: wrote {len(fixture.tensors)} tensors, {len(data):,} bytes")
                continue
            committed = args.out / file_name
            found = differences(written, read(committed)) if committed.exists() else ["the file is missing"]
            same_bytes = not found and committed.read_bytes() == data
            print(f"{file_name}: " + ("same bytes" if same_bytes else "DIFFERS" if found else "agrees"))
            for line in found:
                print(f"  {line}")
            failed = failed or bool(found)
    return 1 if failed else 0
