#!/usr/bin/env python3
"""Checks that every test that was built was also selected by a stage of scripts/test.sh.

    every_test_runs.py LOG BUILD...   LOG holds what ctest printed in all stages; each BUILD is a build folder.
                                      Exit code 1, naming the tests, if one of them appears nowhere in LOG
    every_test_runs.py --self-test    checks this on a made-up log

A test of several builds counts as selected if one stage selected it. A skipped test was selected.
"""

import json
import pathlib
import re
import subprocess
import sys

LINE = re.compile(r"Test +#\d+: (.*?) ?\.{2,}")
SHOWN = 20


def plain(name):
    """The name without the value of its parameter, which is an address in some builds."""
    return name.split("  # GetParam()")[0].strip()


def selected(log):
    return {plain(m.group(1)) for m in map(LINE.search, log.splitlines()) if m}


def built(folder):
    shown = subprocess.run(["ctest", "--test-dir", folder, "--show-only=json-v1"], check=True, capture_output=True, text=True)
    names = {plain(test["name"]) for test in json.loads(shown.stdout)["tests"]}
    return {name for name in names if not name.endswith("_NOT_BUILT")}


def never_selected(log, tests):
    return sorted(tests - selected(log))


def check(log_path, folders):
    missing = never_selected(pathlib.Path(log_path).read_text(), set().union(*map(built, folders)))
    for name in missing[:SHOWN]:
        print(f"{name}: no stage of scripts/test.sh selects it; widen a stage's regular expression")
    if len(missing) > SHOWN:
        print(f"and {len(missing) - SHOWN} more")
    return 1 if missing else 0


def self_test():
    log = """ 1/3 Test #244: tests_a.Device/Linear.Agrees/cpu  # GetParam() = 4-byte object <00> .....***Failed    0.01 sec
      Start 2: tests_b.Only.Started
 2/3 Test   #2: tests_a.Other.Skips ............***Skipped   0.00 sec
"""
    tests = {"tests_a.Device/Linear.Agrees/cpu", "tests_a.Other.Skips", "tests_b.Only.Started"}
    assert never_selected(log, tests) == ["tests_b.Only.Started"], never_selected(log, tests)
    assert plain("t.X/0  # GetParam() = 1") == "t.X/0"
    return 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else check(sys.argv[1], sys.argv[2:]))
