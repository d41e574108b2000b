"""Corpora: a sequence of utterances that workers can be sent."""

from __future__ import annotations

import pathlib
import pickle

import numpy as np
import pytest
from conftest import CORPUS

import cutract


def test_is_a_sequence(tiny_corpus: pathlib.Path) -> None:
    corpus = cutract.Corpus(tiny_corpus)
    assert len(corpus) == 18 and len(list(corpus)) == 18
    assert corpus.splits == ("test", "train", "val")
    assert [u.id for u in corpus] == list(corpus.ids)
    assert [u.speaker for u in corpus] == list(corpus.speakers)
    assert corpus[-1].id == corpus.ids[-1] and corpus[np.int64(1)].id == corpus.ids[1]
    assert [u.id for u in corpus[2:5]] == list(corpus.ids[2:5])
    with pytest.raises(IndexError):
        corpus[18]
    with pytest.raises(cutract.UsageError, match="index: expected the number"):
        corpus["x"]  # type: ignore[call-overload]
    assert "18 utterances" in repr(corpus)


def test_utterance(tiny_corpus: pathlib.Path) -> None:
    corpus = cutract.Corpus(tiny_corpus)
    u = corpus[0]
    assert u.audio.dtype == u.target.dtype == np.float32 and u.audio.ndim == 1
    assert u.rate == corpus.sample_rate == 16000 and corpus.target_rate == 100
    assert u.channels == corpus.channels and u.units == corpus.units and len(u.channels) == u.target.shape[1] == 14
    assert np.array_equal(u.target, np.load(CORPUS / "articulation" / f"{u.id}.npy"))
    assert abs(len(u.audio) / u.rate - len(u.target) / corpus.target_rate) < 0.03
    assert np.allclose(u.target_times, np.arange(len(u.target)) / corpus.target_rate)
    assert u.text and u.split == "train" and "s, 14 channels" in repr(u)


def test_target_at_the_times_of_features(tiny_corpus: pathlib.Path) -> None:
    u = cutract.Corpus(tiny_corpus, split="val")[0]
    assert np.array_equal(u.target_at(u.target_times), u.target)
    times = cutract.features(u.audio, u.rate).times
    at = u.target_at(times)
    assert at.shape == (len(times), 14) and at.dtype == np.float32
    between = u.target_at([0.005])
    assert np.allclose(between[0], (u.target[0] + u.target[1]) / 2, rtol=1e-5, atol=1e-5)


def test_splits(tiny_corpus: pathlib.Path) -> None:
    val = cutract.Corpus(tiny_corpus, split="val")
    assert len(val) == 3 and val.splits == ("val",) and {u.split for u in val} == {"val"}
    assert cutract.Corpus(tiny_corpus).split("val").ids == val.ids
    with pytest.raises(cutract.DataError, match="has no split 'dev', expected one of test, train, val"):
        cutract.Corpus(tiny_corpus, split="dev")


def test_pickling(tiny_corpus: pathlib.Path) -> None:
    val = cutract.Corpus(tiny_corpus, split="val")
    again = pickle.loads(pickle.dumps(val))
    assert again.ids == val.ids and np.array_equal(again[1].audio, val[1].audio)
    u = pickle.loads(pickle.dumps(val[1]))
    assert u.id == val.ids[1] and np.array_equal(u.target, val[1].target)


def test_what_is_not_a_corpus(tmp_path: pathlib.Path) -> None:
    with pytest.raises(cutract.FileError):
        cutract.Corpus(tmp_path / "none")
    (tmp_path / "corpus.toml").write_text("name = 3\n")
    (tmp_path / "manifest.tsv").write_text("id\n")
    with pytest.raises(cutract.DataError) as caught:
        cutract.Corpus(tmp_path)
    assert "corpus.toml" in str(caught.value)
