#!/usr/bin/env python3
"""Counts the instructions of a compiled kernel by the function of our sources they come from.

    bench/sass_counts.py OBJECT KERNEL [sm_90a]

OBJECT is a .cu.o of preset cuda (it contains line tables); KERNEL is a part of the mangled name. Unrolled code is
counted every time it is issued; a loop is counted once. Instructions after the last EXIT are ignored: they run only for
a diverged warp, which never occurs here. nvdisasm and cuobjdump come with the CUDA toolkit.
"""

import collections
import pathlib
import re
import subprocess
import sys
import tempfile

GROUPS = {
    "FP32": r"F(ADD|MUL|FMA|SEL|MNMX|SETP|CHK)|MUFU",
    "SHFL": r"SHFL",
    "LDS": r"LDS",
    "STS": r"STS",
    "LDG": r"LD(G|C|\b)?",
    "STG": r"ST(G|L)?\b",
    "SEL/MOV": r"SEL|MOV|U?MOV|PRMT",
    "integer": r"I?(ADD|MAD|SHF|LOP|LEA|ISETP|IMAD)|U|R2UR|S2R|VIADD|PLOP|I2F|F2I",
    "branch": r"B(RA|SSY|SYNC|REAK|AR)|WARPSYNC|EXIT|NOP|CALL|RET",
}


def disassembly(obj, arch):
    with tempfile.TemporaryDirectory() as folder:
        names = subprocess.run(["cuobjdump", "-lelf", obj], capture_output=True, text=True, check=True).stdout
        elf = [n for n in re.findall(r"\S+\.cubin", names) if arch in n][0]
        subprocess.run(["cuobjdump", "-xelf", elf, str(pathlib.Path(obj).resolve())], cwd=folder, check=True,
                       capture_output=True)
        cubin = str(next(pathlib.Path(folder).glob("*.cubin")))
        return subprocess.run(["nvdisasm", "-g", "-c", cubin], capture_output=True, text=True, check=True).stdout


def function_at(path, line, cache={}):
    """The last device function that begins at or before a line."""
    if path not in cache:
        found = []
        for number, text in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
            match = re.search(r"__(?:device|global)__.*?(\w+)\(", re.sub(r"__launch_bounds__\([^)]*\)+", "", text))
            if match or "mel_kernel(" in text:
                found.append((number, match.group(1) if match else "mel_kernel"))
        cache[path] = found
    before = [name for number, name in cache[path] if number <= line]
    return before[-1] if before else "?"


def main():
    obj, kernel = sys.argv[1:3]
    text = disassembly(obj, sys.argv[3] if len(sys.argv) > 3 else "sm_90a")
    found, where, inside = [], "?", False
    for line in text.splitlines():
        if line.startswith(".text."):
            inside = kernel in line
        if match := re.search(r'//## File "([^"]+)", line (\d+)', line):
            path = match.group(1)
            where = f"{pathlib.Path(path).name}:{function_at(path, int(match.group(2)))}" if "/kernels/" in path else "CUDA"
        elif inside and (match := re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\d+\s+)?([A-Z0-9_.]+)", line)):
            op = match.group(1).split(".")[0]
            if op == "NOP":
                continue
            found.append((where, op))
    counts = collections.defaultdict(collections.Counter)
    for where, op in found[: 1 + max(i for i, (_, op) in enumerate(found) if op == "EXIT")]:
        counts[where][next((g for g, r in GROUPS.items() if re.match(r, op)), op)] += 1
    columns = list(GROUPS) + sorted({g for c in counts.values() for g in c} - set(GROUPS))
    print(f"{'':52}{'all':>8}" + "".join(f"{c:>9}" for c in columns))
    for where, c in sorted(counts.items()):
        print(f"{where:52}{sum(c.values()):>8}" + "".join(f"{c[g]:>9}" for g in columns))


if __name__ == "__main__":
    main()
