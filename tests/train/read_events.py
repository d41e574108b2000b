#!/usr/bin/env python3
"""Reads a run's event files with TensorBoard's own reader and demands what metrics.csv says.

    read_events.py RUN     exit code 0: every epoch once, every value equal in float32; 1: not; 77: tensorboard is missing
"""

import csv
import math
import pathlib
import struct
import sys

try:
    from tensorboard.backend.event_processing.event_accumulator import SCALARS, EventAccumulator
except ImportError as error:
    print(f"skipped: {error}; `pip install tensorboard` brings it")
    sys.exit(77)

TAGS = {"loss/train": "train_loss", "loss/val": "val_loss", "pearson/val": "val_pearson", "lr": "lr",
        "grad_norm": "grad_norm", "frames_per_s": "frames_per_s", "skipped_steps": "skipped_steps", "rmse_z/val": "val_rmse",
        "mae_z/val": "val_mae"}


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def agrees(tag, got, text):
    if tag == "frames_per_s":
        return abs(got - float(text)) <= 0.5 + 1e-6 * got
    digits = 1e-5 if tag.startswith(("rmse_mm/", "rmse/", "r/")) else 2e-7  # 6 digits in the file, or 9 and then float32
    return math.isclose(got, float32(text), rel_tol=digits)


def main(run):
    with open(pathlib.Path(run) / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    events = EventAccumulator(run, size_guidance={SCALARS: 0})
    events.Reload()
    tags = {**TAGS, **{name: name for name in rows[0] if name.startswith(("rmse_mm/", "rmse/", "r/"))}}
    wrong = []
    if set(events.Tags()["scalars"]) != set(tags):
        wrong.append(f"tags {sorted(events.Tags()['scalars'])}, expected {sorted(tags)}")
    for tag, column in tags.items():
        points = events.Scalars(tag) if tag in events.Tags()["scalars"] else []
        cells = [(int(row["epoch"]), row[column]) for row in rows if row[column] != ""]
        if [p.step for p in points] != [epoch for epoch, _ in cells]:
            wrong.append(f"{tag}: steps {[p.step for p in points]}, metrics.csv has epochs {[e for e, _ in cells]}")
            continue
        wrong += [f"{tag}, epoch {p.step}: {p.value}, metrics.csv has {text}"
                  for p, (_, text) in zip(points, cells) if not agrees(tag, p.value, text)]
    for line in wrong:
        print(line)
    print(f"{len(list(pathlib.Path(run).glob('events.out.tfevents.*')))} event files, {len(tags)} tags, {len(rows)} epochs, "
          f"{len(wrong)} differences")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
