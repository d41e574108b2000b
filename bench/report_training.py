"""See report_training.sh."""

import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import machine

BUILD = machine.ROOT / "build/cpu"
EPOCHS, TARGET_SECONDS, TARGET_GB = 18, 60.0, 1.5


def train(corpus, run, epochs, threads):
    """Wall-clock seconds and peak resident bytes of one `cutract train`."""
    settings = {"data.corpus": corpus, "trainer.max_epochs": epochs, "trainer.early_stopping_patience": epochs,
                "trainer.threads": threads}
    command = [BUILD / "cli/cutract", "train", "-c", "configs/baseline.toml", "--out", run, "--device", "cpu"]
    for key, value in settings.items():
        command += ["--set", f'{key}="{value}"' if key == "data.corpus" else f"{key}={value}"]
    began = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], cwd=machine.ROOT, stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"cutract train ended with {process.returncode}; its messages above say why")
    return time.monotonic() - began, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(prog="bench/report_training.sh", description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="use fewer for a quick look; the targets are for 18")
    parser.add_argument("--threads", type=int, default=0, help="0: every core")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus, run = pathlib.Path(folder) / "corpus", pathlib.Path(folder) / "run"
        subprocess.run([BUILD / "bench/cutract_report_corpus", "data/corpus", corpus], cwd=machine.ROOT, check=True)
        seconds, memory = train(corpus, run, args.epochs, args.threads)
        with open(run / "metrics.csv", encoding="utf-8") as file:
            epochs = list(csv.DictReader(file))
    rates = [float(e["frames_per_s"]) for e in epochs]
    facts = machine.facts(args.threads or len(os.sched_getaffinity(0)))
    print(f"{facts['cpu']}, {facts['threads']} threads, commit {facts['commit'][:9]}: {len(epochs)} epochs\n")
    whole = args.epochs == EPOCHS
    for name, value, target, unit in (("wall clock", seconds, TARGET_SECONDS, "s"),
                                      ("peak memory", memory / 1e9, TARGET_GB, "GB")):
        met = "met" if value <= target else "not met"
        print(f"  {name:<12} {value:8.2f} {unit:<3} target <= {target:g} {met if whole else '(for 18 epochs)'}")
    print(f"  {'training':<12} {statistics.median(rates):8,.0f} frames/s, the median epoch")
    result = {"machine": facts, "epochs": len(epochs), "seconds": seconds, "peak_bytes": memory,
              "frames_per_s": rates, "epoch_seconds": [float(e["seconds"]) for e in epochs],
              "targets": {"seconds": TARGET_SECONDS, "gb": TARGET_GB}}
    print(f"\nAll figures: {machine.save('report_training', result)}")


if __name__ == "__main__":
    main()
