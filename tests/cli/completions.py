#!/usr/bin/env python3
"""Checks the manual page and the completions that `cutract` prints: completions.py BINARY"""

import re
import shutil
import subprocess
import sys

BASH = """
compopt() {{ :; }}
source /dev/stdin <<'SCRIPT'
{script}
SCRIPT
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_cutract
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

failures = []


def check(condition, text):
    if not condition:
        failures.append(text)


def text_of(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    check(done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def commands_of(binary, path=()):
    """Each command with its help page, as the help pages list them."""
    page = text_of(binary, "help", *path)
    listed = re.search(r"^(?:Subcommands|Commands|Formats):\n((?:  .*\n?)+)", page, re.M)
    names = re.findall(r"^  ([a-z0-9-]+)(?: |$)", listed.group(1), re.M) if listed else []
    yield path, page, names
    for name in names:
        yield from commands_of(binary, (*path, name))


def in_bash(script, words):
    return text_of("bash", "-c", BASH.format(script=script, words=words)).split()


def main(binary):
    scripts = {shell: text_of(binary, "completions", shell) for shell in ("bash", "zsh", "fish")}
    manual = text_of(binary, "manual")
    pages = list(commands_of(binary))
    check(len(pages) >= 12, f"the help pages list {len(pages)} commands")
    for path, page, names in pages:
        options = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", page, re.M))
        check(options, f"the help page of {path} has no options")
        for option in options:
            check(option.replace("-", "\\-") in manual, f"the manual lacks {option} of {path}")
            check(option in in_bash(scripts["bash"], f"cutract {' '.join(path)} --"), f"bash does not complete {option} of {path}")
            check(f"'{option}:" in scripts["zsh"], f"zsh does not complete {option} of {path}")
            check(f" -l {option[2:]} " in scripts["fish"], f"fish does not complete {option} of {path}")
        for name in names:
            check(name in in_bash(scripts["bash"], f"cutract {' '.join(path)} ''"), f"bash does not complete {path} {name}")
            if not any(p == (*path, name) and n for p, _, n in pages):
                check(".SS " + " ".join(("cutract", *path, name)).replace("-", "\\-") in manual, f"the manual lacks {path} {name}")
    check(in_bash(scripts["bash"], "cutract predict --format ''") == ["csv", "npz", "json"], "bash: values of --format")
    check(in_bash(scripts["bash"], "cutract predict --format c") == ["csv"], "bash: values of --format that begin with c")
    check(in_bash(scripts["bash"], "cutract ev") == ["eval"], "bash: commands that begin with ev")
    for hidden in ("manual", "completions"):
        check(hidden not in text_of(binary, "--help"), f"{hidden} is on the help page")
    refused = subprocess.run([binary, "completions", "csh"], capture_output=True, text=True)
    check(refused.returncode == 2 and "expected bash, zsh or fish" in refused.stderr, f"completions csh: {refused}")
    if shutil.which("groff"):
        said = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8"], input=manual, capture_output=True, text=True)
        check(said.returncode == 0 and not said.stderr, f"groff: {said.stderr}")
    else:
        print("groff is not here: the manual page was not formatted")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            text_of(shell, "-n", "/dev/stdin", input=scripts[shell])
        else:
            print(f"{shell} is not here: its script was not parsed")
    print("\n".join(failures) or "the manual page and the completions have every command and option")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
