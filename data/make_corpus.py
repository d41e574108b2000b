#!/usr/bin/env python3
"""Make the embedded corpus of synthetic articulatory speech, or check that it can be reproduced."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import defaultdict
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # before numpy is imported: threads change the order of sums

EXAMPLE = """example:
  pip install -r data/requirements.txt
  python data/make_corpus.py --check --only spk1_s002 --only spk5_s041   # two utterances only
  python data/make_corpus.py                                            # make data/corpus again (half an hour)
"""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, metavar="DIR", default=HERE / "corpus", help="the corpus folder (default: data/corpus)")
    parser.add_argument("--check", action="store_true", help="make it elsewhere and compare with SHA256SUMS of --out")
    parser.add_argument("--only", action="append", metavar="ID", help="only this utterance (may be repeated)")
    parser.add_argument("--stats", action="store_true", help="make nothing; print figures of --out")
    parser.add_argument(
        "--jobs", type=int, metavar="N", default=1, help="utterances made at a time (default: 1), to the same bytes")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    try:
        from synth.errors import CorpusError
        from synth import corpus
    except ModuleNotFoundError as error:
        print(f"{error.name}: not installed; run: pip install -r data/requirements.txt", file=sys.stderr)
        return 5
    try:
        if arguments.stats:
            print_stats(arguments.out)
            return 0
        utterances = corpus.plan(corpus.read_sentences(HERE / "sentences.txt"))
        chosen = choose(utterances, arguments.only)
        if arguments.check:
            return check(utterances, chosen, arguments.out, max(1, arguments.jobs))
        make(chosen, arguments.out, max(1, arguments.jobs))
        if arguments.only is None:
            remove_strays(utterances, arguments.out)
        corpus.write_tables(utterances, arguments.out)
        sums = corpus.checksums(arguments.out)
        (arguments.out / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    except CorpusError as error:
        print(error, file=sys.stderr)
        return 4
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 5
    return 0


def choose(utterances: list, only: list[str] | None) -> list:
    """The utterances named by --only, or all."""
    from synth.errors import CorpusError

    if only is None:
        return utterances
    by_id = {u.id: u for u in utterances}
    for name in only:
        if name not in by_id:
            raise CorpusError(f'--only {name}: no such utterance; ids are like "{utterances[0].id}"')
    return [by_id[name] for name in only]


def make(utterances: list, folder: Path, jobs: int) -> None:
    """Synthesize `utterances` into `folder`, reporting progress on stderr.

    Both eSpeak NG and VocalTractLab keep state from one utterance to the next, so each has a process of its own:
    its bytes then do not depend on what was made before it. This process must not start either library.
    """
    from synth.corpus import make_utterance

    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=1) as pool:
        done = pool.imap(partial(make_utterance, folder=folder), utterances, chunksize=1)
        for i, utterance in enumerate(utterances, 1):
            next(done)
            print(f"{i}/{len(utterances)} {utterance.id} ({time.monotonic() - start:.0f} s)", file=sys.stderr, flush=True)


def remove_strays(utterances: list, folder: Path) -> None:
    """Delete audio and articulation of utterances that are no longer planned."""
    kept = {u.audio for u in utterances} | {u.articulation for u in utterances}
    for path in [*folder.glob("audio/*.flac"), *folder.glob("articulation/*.npy")]:
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()


def check(utterances: list, chosen: list, folder: Path, jobs: int) -> int:
    """Make `chosen` again and compare it byte for byte with SHA256SUMS in `folder`."""
    from synth import corpus
    from synth.errors import CorpusError

    sums_file = folder / "SHA256SUMS"
    if not sums_file.exists():
        raise CorpusError(f"{sums_file}: not found; make the corpus first, without --check")
    promised = dict(reversed(line.split("  ", 1)) for line in sums_file.read_text().splitlines())
    present = corpus.checksums(folder)
    names = sorted({*promised, *present})
    wrong = [f"{name}: differs from SHA256SUMS" for name in names if promised.get(name) != present.get(name)]
    with tempfile.TemporaryDirectory(prefix="corpus-check-") as scratch:
        make(chosen, Path(scratch), jobs)
        corpus.write_tables(utterances, Path(scratch))
        again = corpus.checksums(Path(scratch))
    wrong += [f"{name}: comes out different when made again" for name in again if promised.get(name) != again[name]]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{len(again)} files made again, {len(present)} on disk, {len(wrong)} differences")
    return 1 if wrong else 0


def print_stats(folder: Path) -> None:
    """Sizes, splits, and the standard deviation of each channel by speaker, as Markdown tables."""
    import numpy as np
    import soundfile
    from synth.tract import CHANNELS

    rows = [line.split("\t") for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    counts: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    tracks: dict[str, list] = defaultdict(list)
    lengths = []
    for _, speaker, split, audio, articulation, _ in rows:
        info = soundfile.info(folder / audio)
        lengths.append(info.duration)
        tracks[speaker].append(np.load(folder / articulation))
        for key in ("all", split, speaker):
            counts[key][0] += 1
            counts[key][1] += info.duration / 60.0
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
    print(f"{size / 1e6:.2f} MB; utterances of {min(lengths):.2f} to {max(lengths):.2f} s\n")
    print("| part | utterances | minutes |\n|---|---|---|")
    for key, (n, minutes) in counts.items():
        print(f"| {key} | {n} | {minutes:.2f} |")
    speakers = sorted(tracks)
    print("\n| channel | unit | " + " | ".join(speakers) + " |\n|---|---|" + "---|" * len(speakers))
    for c, (name, unit, _) in enumerate(CHANNELS):
        sd = [np.concatenate(tracks[s])[:, c].std() for s in speakers]
        print(f"| {name} | {unit} | " + " | ".join(f"{v:.2f}" for v in sd) + " |")


if __name__ == "__main__":
    sys.exit(main())
