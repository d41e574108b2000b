#!/usr/bin/env python3
"""Installs a build into a temporary folder, builds examples/inverter against it and runs it.

    installed_package.py SOURCE BUILD CMAKE [CMAKE_ARGUMENT...]    exit code 77 if there is no cmake
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(condition, text):
    if not condition:
        sys.exit(text)


def page_shows_the_example(source):
    """docs/library.md prints the two files of the example."""
    blocks = re.findall(r"```(?:cmake|cpp)\n(.*?)```", (source / "docs/library.md").read_text(), re.S)
    for name, block in zip(("CMakeLists.txt", "main.cpp"), blocks, strict=True):
        check((source / "examples/inverter" / name).read_text() == block, f"docs/library.md differs from examples/inverter/{name}")


def main():
    source, build, cmake, more = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    if not shutil.which(cmake):
        print(f"SKIPPED: {cmake} is not here, so no project can be built against the installed package")
        return 77
    page_shows_the_example(source)
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        prefix = work / "prefix"
        run(cmake, "--install", build, "--prefix", prefix)
        headers = sorted(p.name for p in (prefix / "include").rglob("*.h"))
        check(headers == ["error.h", "inverter.h", "log.h"], f"installed headers are {headers}")
        # A copy, so that nothing of this tree is in reach of the example.
        shutil.copytree(source / "examples/inverter", work / "example")
        run(cmake, "-S", work / "example", "-B", work / "build", f"-DCMAKE_PREFIX_PATH={prefix}", *more)
        commands = run(cmake, "--build", work / "build", "--verbose")
        for inner in ("-Werror", "-Wshadow", f"-I{source}"):
            check(inner not in commands, f"the package passes {inner} on to its user:\n{commands}")
        model = source / "tests/golden/models/0.1.0/mel.safetensors"
        lines = run(work / "build" / "invert", model).splitlines()
        check(lines[0].startswith("time_s,"), f"the example's first line is {lines[0]}")
        check(len(lines) == 102, f"the example prints {len(lines)} lines for one second, expected 102")
        columns = len(lines[0].split(","))
        for line in lines[1:]:
            values = [float(v) for v in line.split(",")]
            check(len(values) == columns and all(abs(v) < 1e6 for v in values), f"the example prints {line}")
        version = run(prefix / "bin" / "cutract", "--version")
        check(version.startswith("cutract "), f"the installed program says {version}")
    print("installed, found, built and run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
