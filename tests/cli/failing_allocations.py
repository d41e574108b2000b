#!/usr/bin/env python3
"""Lets allocations of a training, a prediction and an import fail, one in each process.

    failing_allocations.py CUTRACT FAILING_NEW [N]    at most N failures for each command (150)

FAILING_NEW is the library that failing_new.cpp makes. A command calls operator new thousands of times, but from far fewer
places: the first call from each call stack fails in turn, or N of these calls, evenly spread. Afterwards all later
calls fail too, at some of them. The command must end with 6 and one sentence, or succeed because it can do without what
failed. Repeating it must then give the files that an undisturbed command writes. Exit code 0, or 1 with a line for each fault.
"""

import hashlib
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

from kill_training import Trials

MEMORY = 6
LASTING = 10  # of how many failures one lasts
TRACKS = 42  # columns of a STEM-E2VA file


def mat_file(name, columns):
    """A MATLAB 5 file with one matrix of doubles, uncompressed."""
    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)
    values = [v for column in columns for v in column]
    matrix = (element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", len(columns[0]), len(columns))) +
              element(1, name.encode()) + element(9, struct.pack(f"<{len(values)}d", *values)))
    return b"MATLAB 5.0".ljust(116) + bytes(8) + struct.pack("<H", 0x100) + b"IM" + element(14, matrix)


def make_source(folder, corpus):
    """A folder like that of STEM-E2VA, with recordings of another corpus."""
    (folder / "ema").mkdir(parents=True)
    (folder / "audio").mkdir()
    rows = ["id\tspeaker\temotion\ttext\tsplit\taudio\tema"]
    for i, split in enumerate(("train", "val")):
        shutil.copy(corpus / f"audio/u{i}.wav", folder / "audio")
        columns = [[c + math.sin(0.02 * t * (1 + c % 5)) for t in range(112)] for c in range(TRACKS)]
        (folder / f"ema/u{i}.mat").write_bytes(mat_file(f"u{i}", columns))
        rows.append(f"u{i}\ta\tNE\tone\t{split}\taudio/u{i}.wav\tema/u{i}.mat")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")


def digests(folder):
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(folder.rglob("*")) if p.is_file() and not p.name.startswith(".lock")}


class Command:
    def __init__(self, name, args, out, faults_afterwards=None, before=None):
        """`before` is a folder with the files that `out` holds before each trial; none: `out` does not exist."""
        self.name, self.args, self.out, self.faults_afterwards, self.before = name, args, out, faults_afterwards, before

    def prepare(self):
        shutil.rmtree(self.out, ignore_errors=True)
        if self.before:
            shutil.copytree(self.before, self.out)


class Failures:
    def __init__(self, library, most):
        self.library, self.most, self.faults = library, most, []

    def run(self, command, **settings):
        environment = os.environ | {"LD_PRELOAD": self.library} | {"CUTRACT_NEW_" + k: str(v) for k, v in settings.items()}
        done = subprocess.run(command.args, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return done.returncode, done.stderr.decode(errors="replace").strip()

    def sites(self, command, scratch):
        file = scratch / "sites"
        command.prepare()
        code, text = self.run(command, SITES=file)
        if code != 0:
            sys.exit(f"{command.name} fails although no allocation does: exit code {code}: {text}")
        *first, calls = [int(line) for line in file.read_text().split()]
        step = max(1, math.ceil(len(first) / self.most))
        return first[::step], len(first), calls

    def try_all(self, command, scratch):
        chosen, sites, calls = self.sites(command, scratch)
        survived = 0
        for i, call in enumerate(chosen):
            command.prepare()
            lasting = {"LASTS": 1} if i % LASTING == LASTING - 1 else {}
            code, text = self.run(command, FAILS=call, **lasting)
            survived += code == 0
            said = [line for line in text.splitlines() if line.startswith("error: ")]
            found = []
            if code not in (0, MEMORY) or (code == MEMORY and (len(said) != 1 or "memory" not in said[0])):
                found.append(f"exits with {code}: {text}")
            found += command.faults_afterwards()
            self.faults += [f"{command.name}, allocation {call} of {calls}{' and all later ones' if lasting else ''}: {f}"
                            for f in found]
        print(f"{command.name}: {calls} allocations from {sites} call stacks, {len(chosen)} of which failed; {survived} did no harm", flush=True)


def repeated(command, expected, removed=()):
    """What is wrong with the files of a command that is repeated without a failure."""
    def faults():
        done = subprocess.run(command.args, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != 0:
            return [f"repeating it exits with {done.returncode}: {done.stderr.decode(errors='replace').strip()}"]
        now = digests(command.out)
        return [f"{p} is left beside it" for p in command.out.parent.iterdir() if p != command.out] + [f"{name} differs after repeating it" for name in sorted(now.keys() | expected.keys())
                if now.get(name) != expected.get(name)]
    return faults


def main(cutract, library, most=150):
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        trials = Trials(cutract, scratch)
        failures = Failures(library, int(most))
        train = Command("train", trials.command(scratch / "run"), scratch / "run",
                        lambda: trials.faults_after_resuming(scratch / "run", [k for k in trials.whole if k != "rows"]))
        for parent in ("predicted", "imported"):  # of each output its own, to see what is left beside it
            (scratch / parent).mkdir()
        make_source(scratch / "stem", scratch / "corpus")
        predict = Command("predict", [cutract, "predict", str(scratch / "whole"), str(scratch / "corpus/audio/u4.wav"), "--device",
                                      "cpu", "--out", str(scratch / "predicted/out")], scratch / "predicted/out")
        imported = Command("import", [cutract, "corpus", "import", "stem-e2va", str(scratch / "stem"), "--out",
                                      str(scratch / "imported/out")], scratch / "imported/out")
        again = Command("import over a corpus", imported.args, imported.out, before=scratch / "before")
        failures.run(imported)
        shutil.copytree(imported.out, scratch / "before")
        for command in (predict, imported, again):
            command.prepare()
            code, text = failures.run(command)
            if code != 0:
                sys.exit(f"{command.name} fails although no allocation does: exit code {code}: {text}")
            command.faults_afterwards = repeated(command, digests(command.out))
        for command in (train, predict, imported, again):
            failures.try_all(command, scratch)
    for fault in failures.faults:
        print(fault)
    return 1 if failures.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
