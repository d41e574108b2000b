#!/usr/bin/env python3
"""Kills the process that started `cutract train --end-with-parent`. The training must save and stop; without the option, it goes on.

    end_with_parent.py CUTRACT     exit code 0, or 1 with what went wrong
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import kill_training

PARENT = """
import subprocess, sys
child = subprocess.Popen(sys.argv[1:], stderr=subprocess.PIPE, text=True, start_new_session=True)
print(child.pid, flush=True)
for line in child.stderr:
    print(line, end="", flush=True)
"""


def orphan(cutract, folder, run, *options):
    """Starts a training, kills its parent after the first epoch and returns the training's process id."""
    command = [cutract, "train", "-c", str(folder / "c.toml"), "--set", "trainer.max_epochs=1000000", "--set",
               "trainer.early_stopping_patience=0", "--device", "cpu", "--out", str(run), *options]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *command], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    for line in parent.stdout:
        if line.startswith("epoch 1/"):
            break
    parent.kill()
    parent.wait()
    return pid


def stop_reason(run, seconds):
    """Waits for metrics.json, which a training writes at its end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (run / "metrics.json").exists():
            return json.loads((run / "metrics.json").read_text())["stop_reason"]
        time.sleep(0.05)
    return None


def main(cutract):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        kill_training.make_corpus(folder / "corpus")
        (folder / "c.toml").write_text(kill_training.config_of(folder / "corpus"))
        orphan(cutract, folder, folder / "ends", "--end-with-parent")
        if (why := stop_reason(folder / "ends", 60)) != f"stopped by signal {int(signal.SIGTERM)}":
            print(f"with --end-with-parent, stop_reason is {why}")
            return 1
        left = orphan(cutract, folder, folder / "goes_on")
        why = stop_reason(folder / "goes_on", 1)
        os.kill(left, signal.SIGTERM)
        stop_reason(folder / "goes_on", 60)  # before its folder is removed
        if why is not None:
            print(f"without --end-with-parent, stop_reason is {why}")
            return 1
    print("ends with its parent only if asked to")
    return 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve())))
