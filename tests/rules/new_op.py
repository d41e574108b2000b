#!/usr/bin/env python3
"""Runs scripts/new_op.sh in a copy of the tree and checks that the new op keeps every rule and compiles.

    new_op.py ROOT CXX
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile


def copy(root, to):
    for folder in ("host", "kernels", "tests", "scripts", "docs", "features", "eval", "nn", "model", "train", "cli", "bench"):
        shutil.copytree(root / folder, to / folder, ignore=shutil.ignore_patterns("seeds", "npy", "*.safetensors", "results", "__pycache__"))


def main():
    root, compiler = pathlib.Path(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        copy(root, tree)

        def run(*command, code=0):
            done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
            if done.returncode != code:
                sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
            return done.stdout + done.stderr

        new_op = tree / "scripts/new_op.sh"
        run(new_op, "swish_norm")
        run(new_op, "clip_norm", "optim")
        assert "exists already" in run(new_op, "swish_norm", code=2)
        assert "expected a family" in run(new_op, "other", "nothing", code=2)
        assert "new_op.sh" in run(new_op, "Bad-Name", code=2)
        run(sys.executable, "-B", "tests/rules/house_rules.py", ".")
        sys.path.insert(0, str(tree / "tests/rules"))
        import coverage  # the rule, without binaries to ask
        found = list(coverage.failures(tree, coverage.rows(tree), {}))
        assert not found, found
        for name in ("kernels/swish_norm", "kernels/optim/clip_norm"):
            for source in (f"{name}.cpp", f"{name}_cpu.cpp"):
                run(compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Werror", "-I.", source)
            run(compiler, "-std=c++20", "-fsyntax-only", "-I.", f"tests/kernels/{name.rsplit('/', 1)[1]}_test.cpp")
        run(compiler, "-std=c++20", "-fsyntax-only", "-I.", "kernels/no_gpu.cpp")
        listed = (tree / "kernels/CMakeLists.txt").read_text()
        assert "optim/clip_norm_gpu.cu" in listed and "PRIVATE swish_norm.cpp swish_norm_cpu.cpp" in listed, listed
        assert "  swish_norm_test.cpp\n" in (tree / "tests/kernels/CMakeLists.txt").read_text()
    print("two new ops: every rule holds, and they compile")


if __name__ == "__main__":
    main()
