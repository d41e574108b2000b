#!/usr/bin/env python3
"""Kills trainings and resumes them. However they end, resuming must give the bits of a training that was left alone.

    kill_training.py CUTRACT moments [N]      SIGKILL at N random moments (30)
    kill_training.py CUTRACT calls            SIGKILL at each system call that changes files, from the making of the run
                                              folder on (needs strace)
    kill_training.py CUTRACT errors ENOSPC    each of these calls fails with that error instead; the exit code must be 0
                                              (after a warning, where training can do without a file
                                              or saving succeeds the second time) or 5; 4 where
                                              the file is one of the corpus

The corpus is made here: a few half-second tones. Exit code 0, or 1 with a line for each fault, or 77 without strace.
"""

import concurrent.futures
import hashlib
import math
import os
import pathlib
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave

CALLS = ["openat", "write", "fsync", "rename", "unlink", "mkdir", "rmdir", "symlink", "close"]
NOTICED = ["write", "fsync", "rename", "mkdir"]  # a failure of one of these may never be silent
EPOCHS = 2
RATE = 8000
FRAMES = 45
SKIPPED = 77  # ctest shows a test that exits with this as skipped


def make_corpus(folder):
    (folder / "audio").mkdir(parents=True)
    (folder / "tracks").mkdir()
    (folder / "corpus.toml").write_text(
        f'name = "tones"\nsample_rate = {RATE}\narticulation_rate_hz = 100.0\nprovenance = "made by a test"\n'
        'licence = "Apache-2.0"\nchannels = [{name = "height", unit = "mm"}]\n')
    rows = ["id\tspeaker\tsplit\taudio\tarticulation"]
    for u in range(5):
        height = [math.sin(0.05 * (u + 2) * k + u) for k in range(FRAMES)]
        phase, samples = 0.0, []
        for i in range(FRAMES * RATE // 100):
            phase += 2 * math.pi * (900 + 500 * height[i * 100 // RATE]) / RATE
            samples.append(int(8000 * math.sin(phase)))
        with wave.open(str(folder / f"audio/u{u}.wav"), "wb") as f:
            f.setnchannels(1)
            f.setsampwidth(2)
            f.setframerate(RATE)
            f.writeframes(struct.pack(f"<{len(samples)}h", *samples))
        header = repr({"descr": "<f4", "fortran_order": False, "shape": (FRAMES, 1)}).ljust(117) + "\n"
        (folder / f"tracks/u{u}.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) +
                                                  header.encode() + struct.pack(f"<{FRAMES}f", *height))
        rows.append(f"u{u}\ta\t{'train' if u < 3 else 'val'}\taudio/u{u}.wav\ttracks/u{u}.npy")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")


def config_of(corpus):
    return (f'[data]\ncorpus = "{corpus}"\n[features]\nsample_rate = {RATE}\nn_mels = 8\nn_fft = 256\nwin_samples = 256\n'
            "hop_samples = 80\nfmax_hz = 4000\n[model]\nhidden = 4\nlayers = 1\n[optim]\nlr = 0.01\n"
            f"[trainer]\nmax_epochs = {EPOCHS}\nbatch_size = 1\nthreads = 1\nsave_top_k = 1\n")


class Trials:
    def __init__(self, cutract, scratch):
        self.cutract, self.scratch = cutract, scratch
        make_corpus(scratch / "corpus")
        (scratch / "c.toml").write_text(config_of(scratch / "corpus"))
        began = time.monotonic()
        code, text = self.run(scratch / "whole")
        self.seconds = time.monotonic() - began
        if code != 0:
            sys.exit(f"training fails without being killed: exit code {code}: {text}")
        self.whole = self.bits_of(scratch / "whole")

    def command(self, out):
        return [self.cutract, "train", "-c", str(self.scratch / "c.toml"), "--device", "cpu", "-q", "--out", str(out)]

    def run(self, out, under=()):
        done = subprocess.run([*under, *self.command(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        return done.returncode, done.stderr.decode(errors="replace").strip()

    def bits_of(self, run):
        """Digests of what must be the same, and the number of rows of metrics.csv."""
        bits = {}
        for pointer in ("last", "best"):
            folder = run / "checkpoints" / (run / "checkpoints" / pointer).read_text().strip()
            for name in ("model.safetensors", "state.safetensors"):
                bits[pointer, name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        metrics = run / "metrics.csv"
        bits["rows"] = len(metrics.read_text().splitlines()) if metrics.exists() else 0
        bits["checkpoints"] = sorted(p.name for p in (run / "checkpoints").iterdir())
        return bits

    def faults_after_resuming(self, run, needed=None):
        """`needed` limits the comparison to these of the bits; then other files may be missing."""
        code, text = self.run(run)
        if code != 0:
            return [f"resuming exits with {code}: {text}"]
        found = []
        try:
            now = self.bits_of(run)
            found += [f"resuming gives {what}: {now[what]}, expected {self.whole[what]}" for what in needed or now
                      if now[what] != self.whole[what]]
        except OSError as e:
            found.append(f"resuming leaves {e.filename} missing or unreadable")
        files = ["metrics.json", "report.html"] + ([] if needed else ["config.toml", "env.json"])
        found += [f"{name} is missing after resuming" for name in files if not (run / name).exists()]
        found += [f"{p} is left after resuming" for p in run.rglob("*") if p.name.startswith(".tmp")]
        return found

    def without_last(self):
        """As if the run had been killed twice just before it wrote `last`: after its first checkpoint and after its last."""
        run = self.scratch / "without"
        self.run(run)
        (run / "checkpoints" / "last").unlink()
        return [f"without last: {f}" for f in self.faults_after_resuming(run)]

    def killed_at_moments(self, kills):
        rng = random.Random(kills)
        faults, done, runs = [], 0, 0
        while done < kills:
            run = self.scratch / f"r{runs}"
            runs += 1
            for _ in range(rng.randint(1, 6)):  # several kills of one run
                process = subprocess.Popen(self.command(run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    process.wait(timeout=rng.uniform(0, self.seconds))
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    done += 1
            faults += [f"run {runs}: {f}" for f in self.faults_after_resuming(run)]
            shutil.rmtree(run)
        print(f"killed at {done} random moments of {runs} runs")
        return faults

    def calls_from_the_folder_on(self):
        """(name, how many calls of this name there have been, the call), from the making of the run folder on."""
        trace = self.scratch / "trace"
        run = self.scratch / "counted"
        code, text = self.run(run, ["strace", "-f", "-qq", "-o", str(trace), "-e", "trace=" + ",".join(CALLS)])
        if code != 0:
            sys.exit(f"training fails under strace: exit code {code}: {text}")
        count, calls, begun = {}, [], False
        for line in trace.read_text(errors="replace").splitlines():
            call = line.split(None, 1)[1]
            name = call.split("(")[0]
            if name not in CALLS:
                continue
            count[name] = count.get(name, 0) + 1
            begun = begun or (name == "mkdir" and str(run) in call)
            if begun:
                calls.append((name, count[name], call))
        return calls

    def at_each_call(self, injection, allowed, needed=None):
        calls = self.calls_from_the_folder_on()

        def trial(i):
            name, nth, call = calls[i]
            run = self.scratch / f"c{i}"
            code, text = self.run(run, ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + ",".join(CALLS),
                                        "-e", f"inject={name}:{injection}:when={nth}"])
            faults = [] if code in allowed or (code == 4 and "/corpus/" in call) else [f"exits with {code}: {text}"]
            if code == 0 and name in NOTICED and not text:
                faults.append("fails without a word")
            faults += self.faults_after_resuming(run, needed)
            shutil.rmtree(run, ignore_errors=True)
            return [f"{name} number {nth} ({call[:90]}), {injection}: {f}" for f in faults]

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = sum(pool.map(trial, range(len(calls))), [])
        print(f"{injection} at each of {len(calls)} calls")
        return faults


def main(cutract, mode, *more):
    if mode != "moments" and not shutil.which("strace"):
        print("skipped: strace is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory() as scratch:
        trials = Trials(cutract, pathlib.Path(scratch))
        if mode == "moments":
            faults = trials.killed_at_moments(int(more[0]) if more else 30) + trials.without_last()
        elif mode == "calls":
            # strace dies of the signal that it injected.
            faults = trials.at_each_call("signal=KILL", {-signal.SIGKILL, 128 + signal.SIGKILL})
        else:
            models = [key for key in trials.whole if key != "rows"]
            faults = trials.at_each_call(f"error={more[0]}", {0, 5}, models)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
