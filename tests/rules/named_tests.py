#!/usr/bin/env python3
"""Checks that every test that a page of docs/ names in backticks, as `Suite.Test`, exists in the sources.

    named_tests.py ROOT         names those that do not exist as file:line, exit code 1 if there is one
    named_tests.py --self-test  checks this on a made-up tree
"""

import pathlib
import re
import sys
import tempfile

TEST = re.compile(r"\bTEST(?:_F|_P)?\((\w+),\s*(\w+)\)")
ADDED = re.compile(r"add_test\(NAME ([\w.]+)|killed_training\((\w+)")
NAMED = re.compile(r"`([A-Z]\w+\.[A-Z]\w+|(?:rules|cli)\.\w+)`")


def existing(root):
    names = set()
    for path in [*(root / "tests").rglob("*.cpp"), *(root / "tests").rglob("*.cu")]:
        names |= {f"{suite}.{test}" for suite, test in TEST.findall(path.read_text())}
    for path in (root / "tests").rglob("CMakeLists.txt"):
        names |= {rule or f"cli.{killed}" for rule, killed in ADDED.findall(path.read_text())}
    return names


def missing(root):
    known = existing(root)
    pages = {name: page for page in (root / "docs").glob("*.md") for name in [str(page.relative_to(root))]}
    for name, page in sorted(pages.items()):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            for test in NAMED.findall(line):
                if test not in known and not test.endswith((".md", ".py", ".sh")):
                    yield f"{name}:{number}: names the test {test}, which does not exist"


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for part in ("tests/a", "docs"):
            (root / part).mkdir(parents=True)
        (root / "tests/a/a_test.cpp").write_text("TEST_F(Door, Opens) {}\n")
        (root / "tests/a/CMakeLists.txt").write_text("add_test(NAME rules.house COMMAND x)\nkilled_training(at_once x)\n")
        (root / "docs/a.md").write_text("`Door.Opens` `rules.house` `cli.at_once`\nand `Door.Shuts`, `README.md`\n")
        found = list(missing(root))
        assert found == ["docs/a.md:2: names the test Door.Shuts, which does not exist"], found
    return 0


def main(root):
    found = list(missing(pathlib.Path(root)))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1] == "--self-test" else main(sys.argv[1]))
