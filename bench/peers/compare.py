"""Runs ours and theirs in turn and prints the ratios: see compare.sh.

Every contestant is a process that prepares its problem, runs it once and says "ready AMOUNT [VERSION]"; then, for every
line it is sent, runs it once more and answers with the seconds that took. AMOUNT is what a rate counts: frames (real ones,
no padding), or seconds of audio.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import machine  # noqa: E402

BUILD = machine.ROOT / "build/cpu/bench"
HERE = pathlib.Path(__file__).resolve().parent
SLOW_S = 30  # a contestant that has used this much time takes no more turns
HOW_TO_GET = {
    "oneDNN": "apt-get install libdnnl-dev",
    "torch": "pip install torch (or apt-get install python3-torch); CUTRACT_PEERS_PYTHON names the Python",
    "torchaudio": "pip install torchaudio (or apt-get install python3-torchaudio)",
    "librosa": "pip install librosa",
}


def lengths_of(batch, mean, ragged):
    """As lengths_of in bench/bench.cpp; that both count the same frames is checked."""
    return [mean if not ragged else mean + mean // 2 - mean * b // (batch - 1) for b in range(batch)]


def pythons():
    named = os.environ.get("CUTRACT_PEERS_PYTHON")
    return ([named] if named else []) + ["python3", "/usr/bin/python3"]


def python_with(module):
    for python in pythons():
        if machine.said(python, "-c", f"import {module}; print('yes')") == "yes":
            return python
    return None


class Contestant:
    def __init__(self, name, command, threads):
        self.name, self.times = name, []
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **{n: str(threads) for n in names}})
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        if word != "ready":
            self.process.kill()
            raise RuntimeError(f"{name}: said {word!r}, expected to be ready; what it wrote to stderr says why")
        amount, _, self.version = rest.partition(" ")
        self.amount = float(amount)

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))
        time.sleep(0.1)  # its threads may spin for a while; the next one shall not feel it

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Row:
    """One kind of work: our case, and the peers as (name, what it needs, command)."""

    def __init__(self, title, case, unit, threads, peers):
        self.title, self.case, self.unit, self.threads, self.peers = title, case, unit, threads, peers


def rows(device, threads):
    place = "gpu" if device == "cuda" else "cpu"

    def torch_peer(name, kind, lengths, module="torch", n=threads):
        return name, module, [HERE / "torch_peer.py", kind, "--device", device, "--threads", str(n), "--lengths",
                              ",".join(map(str, lengths))]

    def onednn(lengths):
        return [] if device == "cuda" else [("oneDNN, padded" if len(set(lengths)) > 1 else "oneDNN", "oneDNN", [
            BUILD / "cutract_onednn_peer", str(len(lengths)), str(lengths[0]), "80", "128", "2", str(sum(lengths))])]

    report, short, equal = lengths_of(8, 2481, False), lengths_of(32, 300, True), lengths_of(8, 300, False)
    spread = f"T {short[-1]} to {short[0]}"
    lstm, step = f"lstm_train/{place}/", f"train_step/{place}/"
    shape = "F:80/H:128/L:2"
    all_rows = [
        Row("LSTM forward + backward, B 8, T 2481", f"{lstm}B:8/T:2481/{shape}", "frames/s", threads,
            onednn(report) + [torch_peer("PyTorch", "lstm", report)]),
        Row(f"LSTM forward + backward, B 32, {spread}", f"{lstm}B:32/T:300/{shape}/ragged", "frames/s", threads,
            onednn(short) + [torch_peer("PyTorch, padded", "lstm", short),
                             torch_peer("PyTorch, packed", "lstm_packed", short)]),
        Row("LSTM forward + backward, B 8, T 300", f"{lstm}B:8/T:300/{shape}", "frames/s", threads,
            onednn(equal) + [torch_peer("PyTorch", "lstm", equal),
                             torch_peer("PyTorch, packed", "lstm_packed", equal)]),
        Row("training step, B 8, T 2481", f"{step}B:8/T:2481/{shape}/P:14", "frames/s", threads,
            [torch_peer("PyTorch", "step", report)]),
        Row(f"training step, B 32, {spread}", f"{step}B:32/T:300/{shape}/P:14/ragged", "frames/s", threads,
            [torch_peer("PyTorch, padded and masked", "step", short),
             torch_peer("PyTorch, packed", "step_packed", short)]),
    ]
    for preset, kinds in {"librosa": ["librosa", "torchaudio"], "kaldi": ["torchaudio_kaldi"]}.items():
        peers = [torch_peer(k.replace("_", " "), k, [60], k.split("_")[0], 1) for k in kinds]
        all_rows.append(Row(f"log-mel, 60 s at 16 kHz, {preset}", f"mel/{place}/seconds:60/{preset}",
                            "x real time, one core", 1, peers))
    return all_rows


def contestants(row, device, notes):
    """Ours first if it can run; then those peers that can."""
    out = []

    def add(name, command):
        try:
            out.append(Contestant(name, [str(c) for c in command], row.threads))
        except (OSError, RuntimeError) as e:
            notes.add(f"{name} left out of \"{row.title}\": {e}")

    add("cutract", [BUILD / "cutract_bench", f"--threads={row.threads}", f"--serve={row.case}"])
    for name, needs, command in row.peers:
        if needs == "oneDNN":
            if command[0].exists():
                add(name, command)
                continue
        elif python := python_with(needs):
            add(name, [python, "-B", *command])
            continue
        notes.add(f"{needs} is missing: {HOW_TO_GET[needs]}")
    if len({c.amount for c in out}) > 1:
        raise SystemExit(f"{row.title}: not the same work: {[(c.name, c.amount) for c in out]}")
    return out


def measure(row, device, repeats, notes):
    """The contestants' times, taken in turn, and their ratios round by round."""
    players = contestants(row, device, notes)
    for _ in range(repeats):
        for player in players:
            if sum(player.times) < SLOW_S:
                player.turn()
    for player in players:
        player.end()
    ours = next((p for p in players if p.name == "cutract"), None)
    result = {"work": row.title, "case": row.case, "unit": row.unit, "threads": row.threads, "rounds": repeats,
              "contestants": []}
    for p in players:
        rates = [p.amount / t for t in p.times]
        entry = {"name": p.name, "version": p.version, "seconds": p.times, "median": statistics.median(rates),
                 "min": min(rates), "max": max(rates)}
        if ours and p is not ours:
            ratios = [theirs / mine for theirs, mine in zip(p.times, ours.times)]
            entry["ratio"] = {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}
        result["contestants"].append(entry)
    return result


def table(results):
    lines = ["| work | unit | cutract | peer | its rate | cutract / peer (min to max) |", "|---|---|---|---|---|---|"]
    for r in results:
        ours = next((c for c in r["contestants"] if c["name"] == "cutract"), None)
        mine = f"{ours['median']:,.0f}" if ours else "-"
        for c in r["contestants"]:
            if c is ours:
                continue
            ratio = c.get("ratio")
            told = f"{ratio['median']:.2f} ({ratio['min']:.2f} to {ratio['max']:.2f})" if ratio else "-"
            told += f", {len(c['seconds'])} rounds" if len(c["seconds"]) < r["rounds"] else ""
            lines.append(f"| {r['work']} | {r['unit']} | {mine} | {c['name']} {c['version']} | {c['median']:,.0f} | {told} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(prog="bench/peers/compare.sh", description="Our rates beside the peers'.")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="3 rounds in place of 9")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="rows whose title holds this text")
    args = parser.parse_args()
    repeats, notes, results = (3 if args.quick else 9), set(), []
    for row in rows(args.device, args.threads):
        if args.only in row.title:
            print(f"measuring: {row.title}", file=sys.stderr)
            results.append(measure(row, args.device, repeats, notes))
    facts = machine.facts(args.threads)
    print(f"{facts['cpu']}, {args.threads} threads of {facts['cores']} cores, load {facts['load_average']}, commit "
          f"{facts['commit'][:9]}{' with changes' if facts['uncommitted_changes'] else ''}; medians of {repeats} rounds "
          "in turn\n")
    print(table(results))
    print("\nReal frames count, padding does not. " + " ".join(f"\n- {n}" for n in sorted(notes)))
    result = {"machine": facts, "results": results, "left_out": sorted(notes)}
    print(f"\nAll figures: {machine.save('peers', result, args.device)}")


if __name__ == "__main__":
    main()
