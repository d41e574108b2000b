#!/usr/bin/env python3
"""Checks that docs/environment.md names every environment variable that C++ or Python reads, and every CUTRACT_... that a script
reads, and no others.

    environment.py ROOT | --self-test
"""

import pathlib
import re
import sys
import tempfile

READS = (re.compile(r'getenv\(\s*"(\w+)"'), re.compile(r'environ(?:\.get\(|\[)\s*"(\w+)"'), re.compile(r"\$\{(CUTRACT_\w+):?[-+?]"),
         re.compile(r"set_and_not_empty\(\"(\w+)\"\)"))
CODE = (".h", ".cpp", ".cu", ".cuh", ".py", ".sh")
FOLDERS = ("host", "kernels", "features", "eval", "nn", "model", "train", "cli", "bench", "tests", "scripts", "python")
# Every program reads these; they mean nothing special here.
EVERYWHERE = {"PATH", "HOME", "TMPDIR", "COLUMNS", "TERM"}


def read_by(root):
    """{variable: a file that reads it}"""
    found = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in CODE and path.name != "environment.py":
                text = path.read_text(encoding="utf-8", errors="replace")
                for pattern in READS:
                    for name in pattern.findall(text):
                        found.setdefault(name, path.relative_to(root).as_posix())
    return {name: path for name, path in found.items() if name not in EVERYWHERE}


def failures(root):
    page = (root / "docs/environment.md").read_text()
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"\w+", row)}
    read = read_by(root)
    yield from (f"{read[name]} reads {name}: docs/environment.md does not describe it" for name in sorted(read.keys() - described))
    outside = set(re.findall(r"^\| `(\w+)` \|.*\(read by .*\)", page, re.MULTILINE))
    yield from (f"docs/environment.md describes {name}, which nothing reads" for name in sorted(described - read.keys() - outside))


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("docs", "host", "scripts"):
            (root / name).mkdir()
        (root / "host/a.cpp").write_text('std::getenv("CUTRACT_A");\n')
        (root / "scripts/b.sh").write_text('x=${CUTRACT_B:-1} ${PATH}\n')
        (root / "docs/environment.md").write_text("| `CUTRACT_A` | a |\n| `CUTRACT_C` | c |\n| `LIB_D` | (read by a library) |\n")
        found = list(failures(root))
        assert found == ["scripts/b.sh reads CUTRACT_B: docs/environment.md does not describe it",
                         "docs/environment.md describes CUTRACT_C, which nothing reads"], found
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = list(failures(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "every environment variable is described")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
