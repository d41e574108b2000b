"""Runs cutract and its peers alternately and prints the ratios: see compare.sh.

Every contestant is a process that prepares its problem, runs it once and prints "ready AMOUNT [VERSION]". Then, for every
line it receives, it runs the problem once more and answers with the seconds this took. AMOUNT is the quantity that rates
are based on: frames (real ones, without padding), or seconds of audio.
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

HERE = pathlib.Path(__file__).resolve().parent
SLOW_S = 30  # a contestant that has used this much time takes no further turns
HOW_TO_GET = {
    "oneDNN": "apt-get install libdnnl-dev",
    "cuDNN": "build preset cuda where cuDNN's header and library are (bench/CMakeLists.txt finds them)",
    "torch": "pip install torch (or apt-get install python3-torch); CUTRACT_PEERS_PYTHON names the Python",
    "torchaudio": "pip install torchaudio (or apt-get install python3-torchaudio)",
    "librosa": "pip install librosa",
}


def lengths_of(batch, mean, ragged):
    """The same lengths as lengths_of in bench/bench.cpp; the number of frames is checked to be the same."""
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
    """Starts preparing immediately; `ready` waits until it is done."""

    def __init__(self, name, command, threads):
        self.name, self.times = name, []
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **{n: str(threads) for n in names}})

    def ready(self):
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        if word != "ready":
            self.process.kill()
            self.process.wait()
            return False
        amount, _, self.version = rest.partition(" ")
        self.amount = float(amount)
        return True

    def turn(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(float(self.process.stdout.readline()))
        time.sleep(0.1)  # its threads may spin for a while, and must not slow down the next contestant

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Row:
    """One kind of work: our case, and the peers as (name, requirement, command). `quick`: also runs with --quick."""

    def __init__(self, title, case, peers, unit="frames/s", threads=None, quick=True):
        self.title, self.case, self.unit, self.threads, self.peers = title, case, unit, threads, peers
        self.quick = quick


def torch_peer(device, threads, name, kind, lengths, *more, module="torch"):
    return name, module, [HERE / "torch_peer.py", kind, "--device", device, "--threads", threads, "--lengths",
                          ",".join(map(str, lengths)), *more]


def shape_of(lengths, mean, hidden):
    ragged = "/ragged" if len(set(lengths)) > 1 else ""
    return f"B:{len(lengths)}/T:{mean}/F:80/H:{hidden}/L:2", ragged


def told(lengths):
    spread = f"T {lengths[-1]} to {lengths[0]}" if lengths[0] != lengths[-1] else f"T {lengths[0]}"
    return f"B {len(lengths)}, {spread}"


def rows_on_cpu(binaries, threads):
    def peer(name, kind, lengths):
        return torch_peer("cpu", threads, name, kind, lengths)

    def lstm(lengths, mean):
        shape, ragged = shape_of(lengths, mean, 128)
        onednn = ("oneDNN, padded" if ragged else "oneDNN", "oneDNN",
                  [binaries / "cutract_onednn_peer", len(lengths), lengths[0], 80, 128, 2, sum(lengths)])
        peers = [onednn, peer("PyTorch, padded" if ragged else "PyTorch", "lstm", lengths)]
        if mean == 300:
            peers.append(peer("PyTorch, packed", "lstm_packed", lengths))
        return Row(f"LSTM forward + backward, {told(lengths)}", f"lstm_train/cpu/{shape}{ragged}", peers)

    def attention(lengths, mean, size):
        ragged = "/ragged" if len(set(lengths)) > 1 else ""
        more = ["--hidden", str(size)]
        return Row(f"attention forward + backward, 4 heads of {size}, {told(lengths)}",
                   f"attention_train/cpu/B:{len(lengths)}/T:{mean}/A:4/K:{size}{ragged}",
                   [torch_peer("cpu", threads, "PyTorch, padded", "attention", lengths, *more),
                    torch_peer("cpu", threads, "PyTorch, each utterance", "attention_each", lengths, *more)])

    def encoder(kind, lengths, mean, module):
        more = ["--hidden", "128"]
        return Row(f"{kind} of 4 layers, width 128, forward + backward, {told(lengths)}",
                   f"{kind}_train/cpu/B:{len(lengths)}/T:{mean}/E:128/ragged",
                   [torch_peer("cpu", threads, "PyTorch, padded", kind, lengths, *more, module=module),
                    torch_peer("cpu", threads, "PyTorch, each utterance", f"{kind}_each", lengths, *more, module=module)])

    stem, many = lengths_of(8, 400, True), lengths_of(32, 400, True)
    report, short, equal = lengths_of(8, 2481, False), lengths_of(32, 300, True), lengths_of(8, 300, False)
    step = "train_step/cpu/{}/P:14{}".format
    return [lstm(report, 2481), lstm(short, 300), lstm(equal, 300),
            Row(f"training step, {told(report)}", step(*shape_of(report, 2481, 128)), [peer("PyTorch", "step", report)]),
            Row(f"training step, {told(short)}", step(*shape_of(short, 300, 128)),
                [peer("PyTorch, padded and masked", "step", short), peer("PyTorch, packed", "step_packed", short)]),
            attention(stem, 400, 32), attention(many, 400, 64), attention(report, 2481, 32),
            encoder("transformer", stem, 400, "torch"), encoder("conformer", stem, 400, "torchaudio")]


def rows_on_gpu(binaries, threads):
    """Every precision, compared with PyTorch and cuDNN at the same precision; cuDNN as kernels and as one graph."""
    def row(op, title, precision, hidden, batch, mean, ragged, quick):
        lengths = lengths_of(batch, mean, ragged)
        shape, ending = shape_of(lengths, mean, hidden)
        more = ["--precision", precision, "--hidden", hidden]
        kinds = [("PyTorch, packed", f"{op}_packed"), ("PyTorch, padded" if ragged else "PyTorch", op)]
        peers = [torch_peer("cuda", threads, name, kind, lengths, *more) for name, kind in kinds]
        if op == "lstm":
            algorithms = [("standard", []), ("standard", ["graph"])]
            if not ragged and precision != "bf16":  # the other algorithms support neither
                algorithms += [("persist_dynamic", [])] + ([("small_h", [])] if hidden <= 128 else [])
            peers += [(" ".join(["cuDNN", a, *graph]), "cuDNN",
                       [binaries / "cutract_cudnn_peer", a, precision, 80, hidden, 2, ",".join(map(str, lengths)), *graph])
                      for a, graph in algorithms]
        case = f"{'lstm_train' if op == 'lstm' else 'train_step'}/gpu/{shape}{'/P:14' if op == 'step' else ''}"
        return Row(f"{title}, H {hidden}, {told(lengths)}, {precision}", f"{case}{ending}/{precision}", peers, quick=quick)

    lstm, step = ("lstm", "LSTM forward + backward"), ("step", "training step")
    result = []
    for precision in ("fp32", "bf16", "tf32"):
        common = precision != "tf32"
        result += [row(*lstm, precision, 128, 8, 2481, False, common), row(*lstm, precision, 128, 32, 300, True, common),
                   row(*lstm, precision, 128, 128, 300, True, False),
                   row(*step, precision, 128, 8, 2481, False, common), row(*step, precision, 128, 32, 300, True, common)]
        result += [row(*lstm, precision, hidden, 32, 300, True, False) for hidden in (64, 256, 512)]
    return result


def mel_rows(device):
    place = "gpu" if device == "cuda" else "cpu"
    unit = "x real time" + (", one core" if device == "cpu" else "")
    for preset, kinds in {"librosa": ["librosa", "torchaudio"], "kaldi": ["torchaudio_kaldi"]}.items():
        peers = [torch_peer(device, 1, k.replace("_", " "), k, [60], module=k.split("_")[0])
                 for k in kinds if not (device == "cuda" and k == "librosa")]
        yield Row(f"log-mel, 60 s at 16 kHz, {preset}", f"mel/{place}/seconds:60/{preset}", peers, unit, 1)


def rows(device, binaries, threads):
    of_device = rows_on_gpu if device == "cuda" else rows_on_cpu
    return [*of_device(binaries, threads), *mel_rows(device)]


def contestants(row, binaries, threads, notes):
    """Our case first, if it can run, then the peers that can. They prepare in parallel."""
    out = []

    def start(name, command):
        try:
            out.append(Contestant(name, [str(c) for c in command], row.threads or threads))
        except OSError as e:
            notes.add(f"{name} left out of \"{row.title}\": {e}")

    start("cutract", [binaries / "cutract_bench", f"--threads={row.threads or threads}", f"--serve={row.case}"])
    for name, needs, command in row.peers:
        if needs in ("oneDNN", "cuDNN"):
            if command[0].exists():
                start(name, command)
                continue
        elif python := python_with(needs):
            start(name, [python, "-B", *command])
            continue
        notes.add(f"{needs} is missing: {HOW_TO_GET[needs]}")
    for c in [c for c in out if not c.ready()]:
        notes.add(f"{c.name} left out of \"{row.title}\": its messages on stderr say why")
        out.remove(c)
    if len({c.amount for c in out}) > 1:
        raise SystemExit(f"{row.title}: not the same work: {[(c.name, c.amount) for c in out]}")
    return out


def measure(row, binaries, threads, repeats, notes):
    """The contestants' times, measured alternately, and their ratios for each round."""
    players = contestants(row, binaries, threads, notes)
    for _ in range(repeats):
        for player in players:
            if sum(player.times) < SLOW_S:
                player.turn()
    for player in players:
        player.end()
    ours = next((p for p in players if p.name == "cutract"), None)
    result = {"work": row.title, "case": row.case, "unit": row.unit, "threads": row.threads or threads, "rounds": repeats,
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
    parser = argparse.ArgumentParser(prog="bench/peers/compare.sh", description="Compare our rates with those of the peers.")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 9; on a GPU also fewer rows")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default="", help="only rows whose title contains this text")
    parser.add_argument("--binaries", type=pathlib.Path, help="folder of cutract_bench")
    args = parser.parse_args()
    binaries = (args.binaries or machine.ROOT / f"build/{args.device}/bench").resolve()
    repeats, notes, results = (3 if args.quick else 9), set(), []
    facts = machine.facts(args.threads)
    for row in rows(args.device, binaries, args.threads):
        if args.only in row.title and (row.quick or not args.quick):
            print(f"measuring: {row.title}", file=sys.stderr)
            results.append(measure(row, binaries, args.threads, repeats, notes))
            path = machine.save("peers", {"machine": facts, "results": results, "left_out": sorted(notes)}, args.device)
    device = facts["gpu"] if args.device == "cuda" else f"{facts['cpu']}, {args.threads} threads of {facts['cores']} cores"
    print(f"{device}, load {facts['load_average']}, commit {facts['commit'][:9]}"
          f"{' with changes' if facts['uncommitted_changes'] else ''}; medians of {repeats} rounds in turn\n")
    print(table(results))
    print("\nOnly real frames are counted, not padding. " + " ".join(f"\n- {n}" for n in sorted(notes)))
    if results:
        print(f"\nAll figures: {path}")


if __name__ == "__main__":
    main()
