#!/usr/bin/env python3
"""Does what a page of docs/ tells its reader to do, in a folder of its own, and fails if a command fails.

    doc_example.py CUTRACT TREE PAGE     TREE: the source tree, whose data/ is linked into the folder
    doc_example.py --self-test

An indented block after a line that ends with "Save this as `NAME`:" becomes the file NAME; a block after a line "Run:" is run by sh,
with cutract in PATH. Other blocks are only shown.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text):
    """(introducing line, content) of each indented block."""
    introduction, block = "", []
    for line in [*text.split("\n"), "end"]:
        if line.startswith("    ") or (block and not line.strip()):
            block.append(line[4:])
            continue
        if block:
            yield introduction, "\n".join(block).strip("\n") + "\n"
            block = []
        if line.strip():
            introduction = line.strip()


def follow(page, cutract, tree, folder):
    """Returns the number of blocks that were run."""
    environment = {**os.environ, "PATH": f"{cutract.parent}:{os.environ['PATH']}"}
    if (tree / "data").exists():
        (folder / "data").symlink_to(tree / "data")
    run = 0
    for introduction, content in blocks(page):
        if name := re.search(r"Save this as `([^`]+)`:$", introduction):
            (folder / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (folder / name[1]).write_text(content)
        elif introduction == "Run:":
            subprocess.run(["sh", "-e", "-c", content], cwd=folder, env=environment, check=True)
            run += 1
    return run


def self_test():
    page = "Save this as `a/b`:\n\n    one\n\n      two\n\nText\n\n    not run; exit 1\n\nRun:\n\n    test -s a/b\n    grep '^  two' a/b\n"
    with tempfile.TemporaryDirectory() as folder:
        assert follow(page, pathlib.Path("/bin/true"), pathlib.Path(folder), pathlib.Path(folder)) == 1
    try:
        with tempfile.TemporaryDirectory() as folder:
            follow("Run:\n\n    false\n    true\n", pathlib.Path("/bin/true"), pathlib.Path(folder), pathlib.Path(folder))
    except subprocess.CalledProcessError:
        return 0
    raise AssertionError("a command failed, and nothing was said")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    cutract, tree, page = (pathlib.Path(p).resolve() for p in sys.argv[1:4])
    with tempfile.TemporaryDirectory() as folder:
        run = follow(page.read_text(), cutract, tree, pathlib.Path(folder))
    print(f"{page.name}: {run} blocks run")
    return 0 if run else 1


if __name__ == "__main__":
    sys.exit(main())
