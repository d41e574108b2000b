#!/usr/bin/env python3
"""The table of ops, devices, engines and precisions with the test of each.

    coverage.py check ROOT BUILD   checks that the tests in tests/coverage.tsv exist in BUILD, that it names every op and
                                   engine, and that docs/coverage.md matches it; exit code 1 if not
    coverage.py update ROOT        writes docs/coverage.md
    coverage.py --self-test        plants each kind of failure and checks that it is found
"""

import pathlib
import re
import subprocess
import sys
import tempfile

COLUMNS = ("op", "device", "engine", "precision", "binary", "test")
HEAD = """# What is tested where

For each op, device, engine and precision, this table gives the test that compares the op with its double-precision oracle.
Ops that only move or count data (gather, next_batch, step_scalars) are compared with their definition instead.
The GPU rows run on the emulated GPU (`ctest --preset emulated`), except cuDNN's, and on a real GPU by `scripts/gpu_check.sh`;
`{gpu}` is `emulated` or `gpu`. `tests/rules/coverage.py update .` writes this page from `tests/coverage.tsv`; `ctest -R rules.coverage` checks it.

| op | device | engine | precision | test |
|---|---|---|---|---|
"""


def rows(root):
    lines = (root / "tests/coverage.tsv").read_text().splitlines()
    cells = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [dict(zip(COLUMNS, row, strict=True)) for row in cells[1:]]


def page(table):
    return HEAD + "".join(f"| {r['op']} | {r['device']} | {r['engine']} | {r['precision']} | {r['binary']} `{r['test']}` |\n"
                          for r in table)


def ops(root):
    """Every function of kernels/*.h that takes an executor of any kind."""
    text = "".join(p.read_text() for p in sorted((root / "kernels").rglob("*.h")))
    return set(re.findall(r"^void (\w+)\(Exec&, const \w+Args&", text, re.MULTILINE))


def engines(root):
    """{op: the names of the engines that can be requested}."""
    found = {}
    for op in ("lstm", "mel"):
        for path in sorted((root / "kernels").rglob("*.h")):
            if m := re.search(rf"^enum class {op.capitalize()}Engine\b[^{{]*{{([^}}]*)}}", path.read_text(), re.MULTILINE):
                plain = re.sub(r"//[^\n]*", "", m[1])
                found[op] = {name.strip() for name in plain.split(",")} - {"automatic", ""}
    return found


def listed(text):
    """Full names from --gtest_list_tests."""
    suite, names = "", set()
    for line in text.splitlines():
        name = line.split("#")[0].rstrip()
        if name.endswith(".") and not name.startswith(" "):
            suite = name
        elif name.startswith("  "):
            names.add(suite + name.strip())
    return names


def tests_of(build, binary):
    """None if it was not built."""
    places = [p for p in pathlib.Path(build).rglob(binary) if p.is_file()]
    if not places:
        return None
    return listed(subprocess.run([places[0], "--gtest_list_tests"], capture_output=True, text=True, check=True).stdout)


def failures(root, table, tests):
    for op in sorted(ops(root)):
        for device in ("cpu", "gpu"):
            if not any(r["op"] == op and r["device"] == device for r in table):
                yield f"{op} on {device}: in kernels/, not in tests/coverage.tsv"
    for op, names in sorted(engines(root).items()):
        for name in sorted(names - {r["engine"] for r in table if r["op"] == op}):
            yield f"{op} by {name}: this engine is not in tests/coverage.tsv"
    for r in table:
        if r["op"] not in ops(root):
            yield f"{r['op']}: not an op of kernels/"
        have = tests.get(r["binary"])
        if have is not None and not have & {r["test"].format(gpu=kind) for kind in ("gpu", "emulated")}:
            yield f"{r['op']} on {r['device']}: {r['binary']} has no test {r['test']}"
    path = root / "docs/coverage.md"
    if not path.exists() or path.read_text() != page(table):
        yield "docs/coverage.md: does not match tests/coverage.tsv; run python3 tests/rules/coverage.py update ."


def check(root, build):
    table = rows(root)
    tests = {binary: tests_of(build, binary) for binary in sorted({r["binary"] for r in table})}
    found = list(failures(root, table, tests))
    for failure in found:
        print(failure)
    print(f"{len(table)} rows, {len(found)} failures" + "".join(f"; {b} was not built" for b, t in tests.items() if t is None))
    return 1 if found or not any(tests.values()) else 0


def self_test():
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("kernels", "tests", "docs"):
            (root / name).mkdir()
        op = root / "kernels/a.h"
        op.write_text("enum class LstmEngine { automatic, one };\nvoid lstm(Exec&, const LstmArgs&);\n")
        row = "lstm\t{}\tone\tfp32\tt\tDevice/A.B/{}\n".format
        good = "\t".join(COLUMNS) + "\n" + row("cpu", "cpu") + row("gpu", "{gpu}")
        tests = {"t": listed("Device/A.\n  B/cpu  # GetParam() = 4-byte\n  B/emulated\n")}

        def expect(what, count, text=good, have=tests):
            (root / "tests/coverage.tsv").write_text(text)
            (root / "docs/coverage.md").write_text(page(rows(root)))
            seen = list(failures(root, rows(root), have))
            if len(seen) != count:
                wrong.append(f"{what}: {seen}")

        expect("all is well", 0)
        expect("a test gone", 1, have={"t": {"Device/A.B/cpu"}})
        expect("a binary that was not built", 0, have={"t": None})
        expect("an op without a row for the GPU", 1, good.replace(row("gpu", "{gpu}"), ""))
        expect("a row for no op", 1, good + row("cpu", "cpu").replace("lstm", "gru"))
        expect("an engine without a row", 1, good.replace("one", "two"))
        (root / "docs/coverage.md").write_text("old")
        if len(list(failures(root, rows(root), tests))) != 2:
            wrong.append("an old page")
    for text in wrong:
        print(f"FAILED: {text}")
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        return check(pathlib.Path(sys.argv[2]), sys.argv[3])
    if len(sys.argv) == 3 and sys.argv[1] == "update":
        root = pathlib.Path(sys.argv[2])
        (root / "docs/coverage.md").write_text(page(rows(root)))
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
