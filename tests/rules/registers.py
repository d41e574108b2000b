#!/usr/bin/env python3
"""Compares the registers, stack and spills of every kernel, as counted by ptxas, with a table.

    registers.py keep COMMAND...             runs a compiler and saves the output of ptxas beside the object file (OBJECT.ptxas)
    registers.py check BUILD TABLE VERSION   exit code 1 if a kernel uses more than the table allows, or is not in it
    registers.py update BUILD TABLE VERSION  rewrites the table
    registers.py --self-test                 plants each kind of failure and checks that it is found

VERSION is that of nvcc. If it differs from the table's, register counts may differ, so only stack and spills are compared.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

ENTRY = re.compile(r"ptxas info\s*: Compiling entry function '(\S+)' for '(sm_\w+)'")
FRAME = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"ptxas info\s*: Used (\d+) registers")
HEAD = "kernel\tarch\tregisters\tstack\tspills"


def keep(command):
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    told, said = [], []
    for line in done.stderr.splitlines():
        about_a_kernel = line.startswith("ptxas info") or FRAME.search(line)
        (told if about_a_kernel else said).append(line)
    sys.stderr.write("".join(line + "\n" for line in said))
    if done.returncode == 0 and "-o" in command:
        pathlib.Path(command[command.index("-o") + 1] + ".ptxas").write_text("\n".join(told) + "\n")
    return done.returncode


def without_hash(mangled):
    """nvcc names the anonymous namespace after file and content; this replaces any compiler's name for it."""
    if not (m := re.search(r"(\d+)(?=_GLOBAL__N__)", mangled)):
        return mangled
    return mangled[:m.start()] + "12_GLOBAL__N_1" + mangled[m.end() + int(m[1]):]


def demangled(names):
    """Without parameters and namespaces."""
    plain = "\n".join(map(without_hash, names))
    out = subprocess.run(["c++filt", "-p"], input=plain, capture_output=True, text=True, check=True).stdout
    return [re.sub(r"\bcutract::|\(anonymous namespace\)::|^void ", "", line) for line in out.splitlines()]


def measured(build):
    """{(kernel, arch): (registers, stack, spills)}; the largest over instances with the same name."""
    found = []
    for path in sorted(pathlib.Path(build).rglob("*.ptxas")):
        now, frame = None, (0, 0)
        for line in path.read_text().splitlines():
            if m := ENTRY.search(line):
                now, frame = m.groups(), (0, 0)
            elif m := FRAME.search(line):
                frame = (int(m[1]), int(m[2]) + int(m[3]))
            elif (m := USED.search(line)) and now:
                found.append((path.name.removesuffix(".o.ptxas"), *now, (int(m[1]), *frame)))
                now = None
    most = {}
    for name, (file, _, arch, numbers) in zip(demangled([f[1] for f in found]), found):
        key = f"{file} {name}", arch
        most[key] = max(most.get(key, numbers), numbers)
    return most


def read(table):
    """The version in the first line, and the rows."""
    lines = table.read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#") and line != HEAD]
    return lines[0].split()[-1], {(k, arch): tuple(map(int, numbers)) for k, arch, *numbers in rows}


def failures(most, rows, same_version):
    archs = {arch for _, arch in most}
    for (kernel, arch), numbers in sorted(most.items()):
        allowed = rows.get((kernel, arch))
        if allowed is None:
            yield f"{kernel} {arch}: {numbers[0]} registers, stack {numbers[1]}, spills {numbers[2]}; not in the table"
            continue
        for name, is_, may in zip(("registers", "bytes of stack", "bytes of spills"), numbers, allowed):
            if is_ > may and (same_version or name != "registers"):
                yield f"{kernel} {arch}: {is_} {name}, expected at most {may}"
    for kernel, arch in sorted(rows):
        if arch in archs and (kernel, arch) not in most:
            yield f"{kernel} {arch}: in the table, but the build has no such kernel"


def check(build, table, version):
    most = measured(build)
    made_by, rows = read(table)
    found = list(failures(most, rows, version == made_by))
    for failure in found:
        print(failure)
    if not most:
        print(f"{build}: no output of ptxas found; build preset cuda first")
    elif found:
        print(f"If this is intended and worth it, run python3 tests/rules/registers.py update {build} {table} {version}")
    print(f"{len(most)} kernels by architecture, {len(found)} failures"
          + ("" if version == made_by else f"; nvcc {version}, not the table's {made_by}: registers not compared"))
    return 0 if most and not found else 1


def update(build, table, version):
    lines = [f"# What each kernel may take at most; written by tests/rules/registers.py from what ptxas says. nvcc {version}", HEAD]
    lines += ["\t".join(map(str, (*key, *numbers))) for key, numbers in sorted(measured(build).items())]
    table.write_text("\n".join(lines) + "\n")
    return 0


def self_test():
    said = """ptxas info    : Compiling entry function '_ZN7cutract31_GLOBAL__N__15c0a699_4_a_gpu_cu6kernelIfEEvPf' for 'sm_90'
ptxas info    : Function properties for x
    {} bytes stack frame, {} bytes spill stores, 0 bytes spill loads
ptxas info    : Used {} registers, used 1 barriers
"""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        object_, table = pathlib.Path(folder) / "a.cu.o", pathlib.Path(folder) / "t.tsv"
        kept = object_.with_name("a.cu.o.ptxas")
        talk = said.format(0, 0, 40)
        keep([sys.executable, "-c", f"import sys; sys.stderr.write({talk!r})", "-o", str(object_)])
        update(folder, table, "13.0")
        if "a.cu kernel<float>\tsm_90\t40\t0\t0" not in table.read_text():
            wrong.append(f"the table is {table.read_text()!r}")

        def expect(what, failing, text, version="13.0"):
            kept.write_text(text)
            if (check(folder, table, version) != 0) != failing:
                wrong.append(what)

        expect("as many registers", False, said.format(0, 0, 40))
        expect("fewer registers", False, said.format(0, 0, 39))
        expect("more registers", True, said.format(0, 0, 41))
        expect("more registers by another nvcc", False, said.format(0, 0, 41), "13.1")
        expect("a stack", True, said.format(8, 0, 40), "13.1")
        expect("a spill", True, said.format(0, 4, 40), "13.1")
        expect("a new kernel", True, talk + talk.replace("6kernel", "7colonel"))
        expect("a kernel gone", True, talk.replace("6kernel", "5other"))
        expect("nothing", True, "")
    for text in wrong:
        print(f"FAILED: {text}")
    print(f"{len(wrong)} failures")
    return 1 if wrong else 0


def main():
    if sys.argv[1:2] == ["keep"]:
        return keep(sys.argv[2:])
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) == 5 and sys.argv[1] in ("check", "update"):
        return {"check": check, "update": update}[sys.argv[1]](sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
