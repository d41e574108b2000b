"""A small model, trained once, and the recordings of the embedded corpus."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

import cutract
from cutract import _program

TREE = pathlib.Path(__file__).resolve().parents[2]
CORPUS = TREE / "data" / "corpus"


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A corpus folder with a few utterances of the embedded corpus."""
    folder = tmp_path_factory.mktemp("tiny") / "corpus"
    folder.mkdir()
    for name in ("audio", "articulation", "corpus.toml"):
        (folder / name).symlink_to(CORPUS / name)
    header, *rows = (CORPUS / "manifest.tsv").read_text().splitlines()
    kept = [header]
    for split, count in (("train", 12), ("val", 3), ("test", 3)):
        of_split = [row for row in rows if row.split("\t")[2] == split]
        kept += of_split[:: len(of_split) // count][:count]
    (folder / "manifest.tsv").write_text("\n".join(kept) + "\n")
    return folder


def settings(corpus: pathlib.Path, **more: object) -> dict[str, object]:
    return {"data.corpus": corpus, "model.hidden": 16, "model.layers": 1, "trainer.max_epochs": 2, "trainer.threads": 2, **more}


@pytest.fixture(scope="session")
def run(tiny_corpus: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The run folder of a small model."""
    return cutract.train(out=tmp_path_factory.mktemp("run") / "small", set=settings(tiny_corpus), progress=False, device="cpu").path


@pytest.fixture(scope="session")
def model(run: str) -> cutract.Model:
    return cutract.load(run, device="cpu")


@pytest.fixture(scope="session")
def wav() -> str:
    """A recording that the small model was not trained on."""
    return str(CORPUS / "audio" / "spk1_s002.flac")


def program(*arguments: object) -> bytes:
    """Runs the program that comes with the package, and returns what it prints."""
    done = subprocess.run([_program.path(), *map(str, arguments)], check=True, capture_output=True)
    return done.stdout
