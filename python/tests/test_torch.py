"""Trained models in PyTorch: strict loading, equal movement."""

from __future__ import annotations

import io
import pathlib

import numpy as np
import pytest
from conftest import TREE, program, settings

import cutract

torch = pytest.importorskip("torch")
import cutract.torch  # noqa: E402

BOUND = 1e-5

STACKS = {
    "bilstm": ["bilstm hidden=12 layers=2"],
    "dense": ["dense width=20 activation=gelu", "dense width=12 activation=tanh", "dense width=8 activation=silu", "dense width=9"],
    "attention": ["bilstm hidden=16 layers=1", "attention heads=1", "bilstm hidden=8 layers=1", "dense width=64", "attention heads=2 window=9 positions=rope"],
    "transformer": ["dense width=64 activation=none", "transformer heads=2 layers=2 feed_forward=20 activation=gelu"],
    "transformer, norm after": ["dense width=64", "transformer heads=1 layers=2 feed_forward=20 norm=post positions=none window=20"],
    "conformer": ["dense width=32 activation=none", "conformer heads=1 layers=2 feed_forward=20 kernel=9"],
    "conformer, convolution first": ["dense width=32", "conformer heads=1 layers=2 feed_forward=20 kernel=5 convolution_first=true positions=none window=15"],
}
# One step that leads far enough away from the initial zeros and ones.
FAST = {"trainer.max_epochs": 1, "optim.lr": 0.01, "schedule.name": "constant", "trainer.threads": 2}


def difference(trained: cutract.Model, wav: str, speaker: str) -> float:
    """Of the movement, in relative L2 of the normalised channels."""
    module = cutract.torch.load(trained)
    module.load_state_dict(cutract.torch.state_of(trained), strict=True)
    ours, theirs = (torch.from_numpy(m.values).double() for m in (trained.predict(wav, speaker=speaker), module.predict(wav, speaker=speaker)))
    ours, theirs = module.to_z(ours, speaker), module.to_z(theirs, speaker)
    return float((ours - theirs).norm() / theirs.norm())


def train(tmp_path: pathlib.Path, **wanted: object) -> cutract.Model:
    return cutract.train(out=tmp_path / "run", device="cpu", progress=False, **wanted).load("cpu")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", STACKS)
def test_blocks(name: str, tiny_corpus: pathlib.Path, tmp_path: pathlib.Path, wav: str) -> None:
    trained = train(tmp_path, set={"data.corpus": tiny_corpus, "model.stack": STACKS[name], **FAST})
    assert difference(trained, wav, "spk1") <= BOUND


@pytest.mark.parametrize("config", sorted((TREE / "configs").glob("*.toml")), ids=lambda c: c.stem)
def test_shipped_configs(config: pathlib.Path, tiny_corpus: pathlib.Path, tmp_path: pathlib.Path, wav: str) -> None:
    trained = train(tmp_path, config=config, set={"data.corpus": tiny_corpus, **FAST})
    assert difference(trained, wav, "spk1") <= BOUND
    parameters = sum(p.numel() for p in cutract.torch.load(trained).parameters())
    if config.stem == "baseline":
        assert parameters == 613_902


@pytest.mark.parametrize("scope", ["utterance", "corpus"])
def test_statistics_of_every_scope(scope: str, tiny_corpus: pathlib.Path, tmp_path: pathlib.Path, wav: str) -> None:
    trained = train(tmp_path, set=settings(tiny_corpus, **{"data.normalise_features": scope, "data.normalise_targets": "corpus", **FAST}))
    module = cutract.torch.load(trained)
    if scope == "utterance":
        ours, theirs = trained.predict(wav).values, module.predict(wav).values
        assert np.linalg.norm(ours - theirs) / np.linalg.norm(theirs) <= BOUND
    z = module.normalise(torch.from_numpy(module.features(wav).values))
    assert z.shape == (len(module.features(wav).values), 80)


def test_the_program_agrees_in_a_process_with_torch(run: str, wav: str) -> None:
    """PyTorch brings linear algebra of its own; the library must go on with its."""
    with np.load(io.BytesIO(program("predict", run, wav, "--device", "cpu", "--format", "npz", "--out", "-"))) as theirs:
        assert np.array_equal(cutract.load(run, "cpu").predict(wav).values, theirs["values"])


def test_batches_training_and_types(run: str, wav: str) -> None:
    module = cutract.torch.load(run)
    x = module.normalise(torch.from_numpy(module.features(wav).values), "spk1")
    both = module(torch.stack([x, x]))
    assert both.shape == (2, len(x), 14) and torch.allclose(both[0], module(x), atol=1e-6)
    module.train()
    assert not torch.equal(module(x), module(x))  # dropout
    module(x).square().mean().backward()
    assert all(p.grad is not None for p in module.parameters())
    assert cutract.torch.load(run, torch.float64).fc.weight.dtype == torch.float64
    with pytest.raises(cutract.UsageError, match="speaker nobody: expected one of"):
        module.normalise(x, "nobody")


def test_data_loader_with_workers(tiny_corpus: pathlib.Path) -> None:
    corpus = cutract.Corpus(tiny_corpus, split="train")
    loader = torch.utils.data.DataLoader(corpus, batch_size=4, num_workers=2, collate_fn=list)
    batches = list(loader)
    assert [u.id for batch in batches for u in batch] == list(corpus.ids)
    assert np.array_equal(batches[0][0].audio, corpus[0].audio)
