"""The steps of gpu_check.sh, which describes them."""

import argparse
import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))
import machine  # noqa: E402

FIRST_STEPS, FIRST_BOUND, LAST_BOUND = 20, 1e-5, 1e-3  # relative loss difference, GPU and CPU: the first 20 steps; all steps


class Skipped(Exception):
    """The step cannot run here; the text gives the reason."""


class Run:
    """State shared by the steps: the place of the programs, the time left, and the results so far."""

    def __init__(self, args, scratch):
        self.quick, self.emulated, self.binaries = args.quick, args.emulated, args.binaries
        self.scratch = pathlib.Path(scratch)
        self.deadline = time.monotonic() + 60 * args.minutes
        self.gpu, self.step = "", ""
        self.folder = self.scratch
        self.found = {}

    def program(self, name):
        places = [p for p in sorted(self.binaries.rglob(name)) if p.is_file()]
        if not places:
            raise Skipped(f"{name} was not built")
        return places[0]

    def run(self, limit, command, **env):
        """Exit code (124: out of time) and output, which also goes to the step's log."""
        limit = min(limit, self.deadline - time.monotonic())
        if limit <= 0:
            raise Skipped("no time was left")
        command = [str(c) for c in command]
        log = self.folder / f"{self.step}.log"
        with open(log, "a+", encoding="utf-8") as out:
            out.write(f"$ {' '.join(command)}\n")
            out.flush()
            at = out.tell()
            try:
                done = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT, timeout=limit,
                                      env={"CUBLAS_WORKSPACE_CONFIG": ":4096:8", **os.environ, **env}, stdin=subprocess.DEVNULL)
                code = done.returncode
            except subprocess.TimeoutExpired:
                code = 124
            out.seek(at)
            return code, out.read()

    def train(self, limit, out, corpus, device, epochs, *more, **env):
        """Trains the baseline, or on the emulated GPU a model of 16 units. Returns the lines of metrics.csv."""
        small = ["--set", "model.hidden=16"] if self.emulated else []
        code, said = self.run(limit, [
            self.program("cutract"), "train", "-c", "configs/baseline.toml", "--out", out, "--device", device,
            "--resume", "never", "--quiet", "--set", f'data.corpus="{corpus}"', "--set", f"trainer.max_epochs={epochs}",
            "--set", f"trainer.early_stopping_patience={epochs}", *small, *more], **env)
        if code != 0:
            raise RuntimeError(f"cutract train exited with {code}: {last_line(said)}")
        with open(out / "metrics.csv", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def last_line(text):
    return (text.strip().splitlines() or ["no output"])[-1]


def small_corpus(folder, **splits):
    """The first few utterances of each split of the embedded corpus."""
    source = ROOT / "data/corpus"
    folder.mkdir()
    for name in ("audio", "articulation"):
        (folder / name).symlink_to(source / name)
    shutil.copy(source / "corpus.toml", folder)
    header, *lines = (source / "manifest.tsv").read_text().splitlines()
    kept = [[line for line in lines if line.split("\t")[2] == split][:n] for split, n in splits.items()]
    (folder / "manifest.tsv").write_text("\n".join([header, *sum(kept, [])]) + "\n")
    return folder


# Each step yields (claim, whether it holds, observation). A figure without a claim has None in the second place.


def doctor(run):
    code, said = run.run(60, [run.program("cutract"), "doctor"])
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in said.splitlines() if "  " in line)
    for name in ("GPU", "GPU is", "driver", "CUDA", "cuBLAS", "cuDNN", "cuFFT", "LSTM in fp32", "LSTM in tf32", "LSTM in bf16"):
        if name in lines:
            yield name, "missing" not in lines[name], lines[name]
    yield "doctor finds a GPU", code == 0 and "not used" not in lines.get("GPU", "not used"), lines.get("GPU", said)


def tests(run):
    kind = "emulated" if run.emulated else "gpu"
    of_ops = f"*{'/Adam*/' if run.emulated else ''}{kind}*"
    suites = {"tests_kernels": of_ops, "tests_simt": "*", "tests_features": of_ops, "tests_nn": of_ops,
              "tests_train": of_ops + ("" if run.emulated else ":*OnTheGpu*")}
    for name, chosen in suites.items():
        report = run.folder / f"{name}.json"
        code, said = run.run(180, [run.program(name), f"--gtest_filter={chosen}", f"--gtest_output=json:{report}"],
                             CUTRACT_REQUIRE_GPU="1")
        if not report.exists():
            yield name, False, f"exited with {code}: {last_line(said)}"
            continue
        cases = [c for s in json.loads(report.read_text())["testsuites"] for c in s["testsuite"]]
        failed = [f"{c['classname']}.{c['name']}" for c in cases if "failures" in c]
        skipped = [f"{c['classname']}.{c['name']}" for c in cases if c.get("result") == "SKIPPED"]
        told = f"{len(cases)} tests" + "".join(f"; {kind}: {', '.join(names[:5])}" for kind, names in
                                               (("failed", failed), ("skipped", skipped)) if names)
        yield name, code == 0 and not skipped and bool(cases or run.emulated), told


def sanitizer(run):
    tool = shutil.which("compute-sanitizer") or shutil.which("/usr/local/cuda/bin/compute-sanitizer")
    if run.emulated:
        tool = None
    watch = [tool, "--error-exitcode", "99", "--target-processes", "all"] if tool else []
    work = {"every op": ["cutract_bench", "--device=gpu", "--smallest", "--check"], "the device layer": ["tests_simt"]}
    for check in ("memcheck", "racecheck", "synccheck") if tool else ("without compute-sanitizer",):
        for name, (program, *options) in work.items():
            code, said = run.run(90, [*watch, *(["--tool", check] if tool else []), run.program(program), *options])
            summary = [line for line in said.splitlines() if "SUMMARY" in line]
            yield f"{check}: {name}", code == 0, f"exit code {code}; {(summary or [last_line(said)])[-1].strip('= ')}"
    if not tool:
        raise Skipped("compute-sanitizer is not installed" if not run.emulated else "an emulated GPU has no compute-sanitizer")


def repeat(run):
    corpus = small_corpus(run.scratch / "repeat", train=2 if run.emulated else 16, val=1)
    for precision in ("fp32", "bf16"):
        sums = []
        for again in range(2):
            out = run.scratch / f"repeat-{precision}-{again}"
            run.train(60, out, corpus, "cuda", 2, "--set", f'trainer.precision="{precision}"')
            [model] = out.glob("checkpoints/epoch=0002*/model.safetensors")
            sums.append(hashlib.sha256(model.read_bytes()).hexdigest())
        yield f"two training runs in {precision} give the same bits", sums[0] == sums[1], f"SHA-256 {sums[0][:16]}, {sums[1][:16]}"


def worst_difference(ours, theirs):
    """The worst relative difference of the first steps, and of all steps."""
    differences = [abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True)]
    return max(differences[:FIRST_STEPS]), max(differences)


def parity(run):
    steps = 5 if run.emulated else 100
    corpus = small_corpus(run.scratch / "parity", train=2 if run.emulated else 8, val=1)  # one batch: an epoch is a step
    losses = {}
    for device in ("cuda", "cpu"):
        lines = run.train(120, run.scratch / f"parity-{device}", corpus, device, steps, "--set", 'schedule.name="constant"')
        losses[device] = [float(line["train_loss"]) for line in lines]
    (run.folder / "parity.json").write_text(json.dumps(losses, indent=1) + "\n")
    first, last = worst_difference(losses["cuda"], losses["cpu"])
    yield f"loss of the first {FIRST_STEPS} steps matches the CPU", first <= FIRST_BOUND, f"{first:.2g} relative, at most {FIRST_BOUND:g}"
    yield f"loss of {steps} steps matches the CPU", last <= LAST_BOUND, f"{last:.2g} relative, at most {LAST_BOUND:g}"


def train(run):
    corpus = small_corpus(run.scratch / "train", train=2, val=1, test=1) if run.emulated else ROOT / "data/corpus"
    epochs = 2 if run.emulated else 10 if run.quick else 50
    out = run.scratch / "trained"
    began = time.monotonic()
    lines = run.train(240, out, corpus, "cuda", epochs)
    seconds = time.monotonic() - began
    shutil.copy(out / "metrics.csv", run.folder / "train.csv")
    rate = max(float(line["frames_per_s"]) for line in lines)
    yield "training completes", len(lines) == epochs, f"{len(lines)} epochs in {seconds:.1f} s, {rate:,.0f} frames/s at best"
    code, _ = run.run(60, [run.program("cutract"), "eval", out, "--device", "cuda", "--json", run.folder / "scores.json"])
    scores = json.loads((run.folder / "scores.json").read_text()) if code == 0 else {}
    good = run.emulated or run.quick or (scores.get("pearson") or 0) >= 0.9  # the CPU's is 0.946
    told = ", ".join(f"{k} {scores[k]:.4f}" for k in ("rmse", "pearson", "mae", "loss") if scores.get(k) is not None)
    yield "test scores", code == 0 and good, told or f"eval exited with {code}"


def bench(run):
    out = run.folder / "bench.json"
    chosen = ["--smallest"] if run.emulated else ["--benchmark_filter=/gpu/.*(B:8/T:2481|B:32/T:300).*H:128"] if run.quick else []
    code, said = run.run(240, [run.program("cutract_bench"), "--device=gpu", "--benchmark_min_time=0.05",
                               f"--benchmark_out={out}", *chosen])
    cases = json.loads(out.read_text())["benchmarks"] if code == 0 else []
    for case in cases:
        unit = next(u for u in ("x_real_time", "frames/s", "GFLOP/s", "GB/s") if u in case)
        yield case["name"].removesuffix("/manual_time"), None, (
            f"{case['real_time']:.4g} {case['time_unit']}, {case[unit]:,.0f} {unit}, {case['of_floor']:.2f} of the floor")
    yield "the bench completes, and every output is right", code == 0, f"{len(cases)} cases" if code == 0 else last_line(said)


def peers(run):
    only = ["--only", "log-mel"] if run.emulated else []
    code, said = run.run(300, [sys.executable, "-B", "bench/peers/compare.py", "--device", "cuda", "--quick", "--binaries",
                               run.program("cutract_bench").parent, *only], CUTRACT_RESULTS=str(run.folder.parent))
    (run.folder / "peers.md").write_text(said)
    ratios = [line.split("|")[1:-1] for line in said.splitlines() if line.startswith("| ") and not line.startswith("| work")]
    for work, _, _, peer, _, ratio in ratios:
        yield f"{work.strip()}: times {peer.strip()}", None, ratio.strip()
    yield "the peers complete", code == 0, last_line(said)


def idle_share(trace, steps):
    """The share of the last epoch, from its first to its last update, in which nothing ran; and the length of that interval in seconds."""
    updates = [end for _, end, name in trace if "adam_kernel" in name][-steps:]
    first, last = updates[0], updates[-1]
    busy, reached = 0, first
    for start, end, _ in sorted(trace):
        start, end = max(start, reached), min(end, last)
        if end > start:
            busy, reached = busy + end - start, end
    return 1 - busy / (last - first), (last - first) * 1e-9


def idle(run):
    library = run.program("libcutract_gpu_trace.so")
    traced = run.scratch / "trace"
    lines = run.train(90, run.scratch / "idle", ROOT / "data/corpus", "cuda", 3, CUDA_INJECTION64_PATH=str(library),
                      CUTRACT_GPU_TRACE=str(traced))
    if not traced.exists() or traced.stat().st_size == 0:
        raise Skipped("CUPTI gave no output; is libcupti.so.13 installed?")
    trace = [(int(a), int(b), name) for a, b, name in (line.split(" ", 2) for line in traced.read_text().splitlines())]
    share, seconds = idle_share(trace, int(lines[-1]["step"]) - int(lines[-2]["step"]))
    yield "idle time within an epoch", None, f"{100 * share:.1f} % of {seconds:.3f} s, {len(trace)} kernels and copies in 3 epochs"


STEPS = {f.__name__: f for f in (doctor, tests, sanitizer, repeat, parity, train, bench, peers, idle)}


VERDICT = {True: ("ok    ", "yes"), False: ("FAILED", "**no**"), None: ("      ", "")}


def count(found, passed):
    return sum(c["passed"] is passed for step in found.values() for c in step["checks"])


def report(run, facts):
    """Writes the results; called after every step."""
    result = {"machine": {**facts, "gpu": run.gpu}, "quick": run.quick, "passed": count(run.found, True),
              "failed": count(run.found, False), "steps": run.found}
    (run.folder / "gpu_check.json").write_text(json.dumps(result, indent=1) + "\n")
    lines = [f"# {run.gpu}", "", f"Commit {facts['commit'][:12]}{' with changes' if facts['uncommitted_changes'] else ''}, "
             f"{facts['date']}, driver and name {facts['gpu'] or 'unknown'}, {facts['cores']} cores of {facts['cpu']}. Made by "
             f"`scripts/gpu_check.sh{' --quick' if run.quick else ''}`.", "", "| step | what | holds | seen |", "|---|---|---|---|"]
    for step, what in run.found.items():
        lines += [f"| {step} | {c['name']} | {VERDICT[c['passed']][1]} | {c['seen'].replace('|', '/')} |"
                  for c in what["checks"]]
        if what["skipped"]:
            lines.append(f"| {step} | skipped | | {what['skipped']} |")
    (run.folder / "gpu_check.md").write_text("\n".join(lines) + "\n")


def do(run, step, facts):
    run.step = step
    found = run.found[step] = {"checks": [], "skipped": "", "seconds": 0.0}

    def add(name, passed, seen):
        found["checks"].append({"name": name, "passed": passed, "seen": seen})
        print(f"  {VERDICT[passed][0]} {name}: {seen}", flush=True)

    print(f"== {step}", flush=True)
    began = time.monotonic()
    try:
        for name, passed, seen in STEPS[step](run):
            add(name, passed, seen)
    except Skipped as why:
        found["skipped"] = str(why)
        print(f"  skipped: {why}", flush=True)
    except (RuntimeError, OSError, ValueError, KeyError) as e:
        add(f"{step} completes", False, f"{type(e).__name__}: {e}")
    found["seconds"] = round(time.monotonic() - began, 1)
    report(run, facts)


def self_test():
    adam, other = "adam_kernel", "x"
    trace = [(0, 5, other), (90, 100, adam), (110, 150, other), (140, 160, other), (190, 200, adam), (200, 300, other)]
    share, seconds = idle_share(trace, 2)
    assert abs(share - 0.4) < 1e-12 and abs(seconds - 100e-9) < 1e-18, (share, seconds)
    assert idle_share([(0, 10, adam), (10, 20, adam)], 2)[0] == 0
    first, last = worst_difference([1.0] * 20 + [1.1], [1.0] * 21)
    assert first == 0 and abs(last - 0.1) < 1e-12
    try:
        worst_difference([1.0], [1.0, 2.0])
        raise AssertionError("curves of different lengths pass")
    except ValueError:
        pass
    with tempfile.TemporaryDirectory() as scratch:
        corpus = small_corpus(pathlib.Path(scratch) / "c", train=3, val=1)
        assert len((corpus / "manifest.tsv").read_text().splitlines()) == 5 and (corpus / "audio").is_dir()
    print("self-test passed")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/gpu_check.sh")
    parser.add_argument("--binaries", type=pathlib.Path)
    parser.add_argument("--results", type=pathlib.Path)
    parser.add_argument("--only", default=",".join(STEPS), help="steps to run, separated by commas")
    parser.add_argument("--minutes", type=float, default=9.5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--emulated", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if args.list:
        print("\n".join(STEPS))
        return 0
    chosen = args.only.split(",")
    if unknown := [step for step in chosen if step not in STEPS]:
        parser.error(f"--only {','.join(unknown)}: expected some of {', '.join(STEPS)}")
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(args, scratch)
        facts = machine.facts(machine.cores())
        code, said = run.run(60, [run.program("cutract"), "doctor"])
        found = re.search(r"^GPU +(?:GPU \d+, )?(.+)$", said, re.MULTILINE)
        run.gpu = found[1] if found else "no GPU"
        if code != 0 or run.gpu.startswith(("not used", "no GPU")):
            print(f"gpu_check: no GPU: {run.gpu if code == 0 else last_line(said)}", file=sys.stderr)
            return 7
        run.folder = args.results / machine.slug(run.gpu)
        run.folder.mkdir(parents=True, exist_ok=True)
        for log in run.folder.glob("*.log"):
            log.unlink()
        for step in STEPS:
            if step in chosen:
                do(run, step, facts)
        passed, failed = count(run.found, True), count(run.found, False)
        print(f"\nResults: {run.folder}\n{passed} passed, {failed} failed")
        return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
