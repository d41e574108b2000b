"""The files of the corpus: which sentence each speaker says, and how an utterance is made and written."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from .errors import CorpusError
from .phones import speak
from .score import build_score, place
from .speakers import HELD_OUT, SPEAKERS, Speaker, rng_for
from .tract import CHANNELS, FRAME_RATE, SAMPLE_RATE, render

_TRAIN_SKIP = 4  # every seen speaker leaves out one train sentence in four, each another one
_PEAK = 10.0 ** (-6.0 / 20.0)
_ROOM_NOISE = 10.0 ** (-78.0 / 20.0)  # keeps log spectra of the silences finite
_PROVENANCE = (
    "synthetic: VocalTractLab 2.4 (vocaltractlab-cython 0.0.16, speaker JD3) driven by eSpeak NG 1.51 phones; "
    "made by data/make_corpus.py"
)
_SILENCE_S = (0.13, 0.17)  # silence before the first and after the last phone


@dataclass(frozen=True)
class Utterance:
    """One row of the manifest."""

    id: str
    speaker: Speaker
    split: str
    text: str

    @property
    def audio(self) -> str:
        return f"audio/{self.id}.flac"

    @property
    def articulation(self) -> str:
        return f"articulation/{self.id}.npy"


def read_sentences(path: Path) -> list[tuple[str, str]]:
    """(split, text) of each sentence."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"{path.name}: cannot be read ({error.strerror}); it belongs beside make_corpus.py") from error
    out = []
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        split, _, text = line.partition("\t")
        if split not in ("train", "val", "test", "new") or not text:
            raise CorpusError(f'{path.name}:{number}: expected "train|val|test|new", a tab and a sentence')
        out.append((split, text))
    return out


def plan(sentences: list[tuple[str, str]]) -> list[Utterance]:
    """Who says what: seen speakers share val and test sentences; the held-out one says val, test and new ones."""
    out = []
    for number, speaker in enumerate(SPEAKERS):
        for k, (split, text) in enumerate(sentences):
            held_out = speaker.name == HELD_OUT
            if split == ("train" if held_out else "new"):
                continue
            if split == "train" and (k - number) % _TRAIN_SKIP == 0:
                continue
            out.append(Utterance(f"{speaker.name}_s{k + 1:03d}", speaker, "test_speaker" if held_out else split, text))
    return out


def make_utterance(utterance: Utterance, folder: Path) -> None:
    """Synthesize one utterance and write its two files under `folder`."""
    speaker, rng = utterance.speaker, rng_for(utterance.id, "timing")
    rate = round(speaker.words_per_minute * float(rng.uniform(0.94, 1.06)))
    lead_in, tail = rng.uniform(*_SILENCE_S, size=2)
    pieces = place(speak(utterance.text, rate), float(lead_in), rng)
    score = build_score(pieces, speaker, utterance.text.endswith("?"), float(tail), rng)
    with tempfile.TemporaryDirectory(prefix="corpus-") as scratch:
        made = render(utterance.id, score, speaker, Path(scratch))
    peak = float(np.abs(made.audio).max())
    if not (np.isfinite(made.audio).all() and np.isfinite(made.channels).all()) or peak < 1e-3:
        raise CorpusError(f"{utterance.id}: the synthesis failed (silent or not finite); change its sentence or speaker")
    level = rng_for(utterance.id, "level")
    audio = made.audio * (_PEAK * 10.0 ** (-float(level.uniform(0.0, 4.0)) / 20.0) / peak)
    audio = audio + _ROOM_NOISE * level.standard_normal(len(audio))
    samples = np.clip(np.round(audio * 32767.0), -32768, 32767).astype(np.int16)
    for name in (utterance.audio, utterance.articulation):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(
        folder / utterance.audio, samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16", compression_level=1.0)
    with open(folder / utterance.articulation, "wb") as out:
        np.lib.format.write_array(out, np.ascontiguousarray(made.channels, dtype="<f4"), version=(1, 0))


def write_tables(utterances: list[Utterance], folder: Path) -> None:
    """corpus.toml and manifest.tsv."""
    rows = ["id\tspeaker\tsplit\taudio\tarticulation\ttext"]
    rows += [f"{u.id}\t{u.speaker.name}\t{u.split}\t{u.audio}\t{u.articulation}\t{u.text}" for u in utterances]
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    channels = "\n".join(f'  {{name = "{name}", unit = "{unit}"}},' for name, unit, _ in CHANNELS)
    (folder / "corpus.toml").write_text(
        f"""name = "cutract-synthetic"
sample_rate = {SAMPLE_RATE}
articulation_rate_hz = {float(FRAME_RATE)}
provenance = "{_PROVENANCE}"
licence = "Apache-2.0"
channels = [
{channels}
]
""",
        encoding="utf-8",
    )


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 by relative path, of every file but README.md and SHA256SUMS."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in ("README.md", "SHA256SUMS"))
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
