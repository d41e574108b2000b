"""The package itself: version, types, the program, and the example of docs/python.md."""

from __future__ import annotations

import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys

from conftest import TREE

import cutract
from cutract import _native


def test_version() -> None:
    assert cutract.__version__ == importlib.metadata.version("cutract")
    assert f"project(cutract VERSION {cutract.__version__} " in (TREE / "CMakeLists.txt").read_text()


def test_the_program_comes_along() -> None:
    installed = pathlib.Path(sys.executable).parent / "cutract"
    done = subprocess.run([installed, "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith(f"cutract {cutract.__version__}")
    assert subprocess.run([installed, "nonsense"], capture_output=True).returncode == 2


def test_types_are_described() -> None:
    folder = pathlib.Path(cutract.__file__).parent
    assert (folder / "py.typed").exists()
    stub = (folder / "_native.pyi").read_text()
    described = set(re.findall(r"^(?:class |def )?(\w+)\b", stub, re.MULTILINE)) - {"from", "import"}
    native = {name for name in dir(_native) if not name.startswith("__")}
    assert native == {name for name in described if not name.startswith("__")}
    for cls in ("Inverter", "Extractor", "Corpus"):
        body = re.search(rf"^class {cls}:\n((?:    .*\n)+)", stub, re.MULTILINE)
        assert body
        members = {name for name in dir(getattr(_native, cls)) if not name.startswith("_")}
        assert members == set(re.findall(r"def (\w+)", body[1])) - {"__init__"}


def test_every_name_is_documented() -> None:
    for name in cutract.__all__:
        thing = getattr(cutract, name)
        assert thing.__doc__, name
        for member, value in vars(thing).items() if isinstance(thing, type) else ():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert value.__doc__, f"{name}.{member}"


def test_the_example_of_the_docs_runs(tmp_path: pathlib.Path) -> None:
    page = (TREE / "docs" / "python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    try:
        import torch  # noqa: F401
    except ImportError:
        blocks = [block for block in blocks if "cutract.torch" not in block]
    (tmp_path / "data").symlink_to(TREE / "data")
    (tmp_path / "example.py").write_text("\n".join(blocks))
    done = subprocess.run([sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "2"})
    assert done.returncode == 0, done.stderr
