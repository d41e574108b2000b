#!/usr/bin/env python3
"""Tests cmake/FindCudaLibraries.cmake on fake installations: the libraries it finds must link and run in place.

    find_cuda_libraries.py SOURCE_DIR CMAKE
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SOURCE, CMAKE = sys.argv[1], sys.argv[2]
HEADER = {"cublas": "cublas_v2.h", "cufft": "cufft.h", "cudnn": "cudnn_version.h"}
MAJOR = {"cublas": 13, "cufft": 12, "cudnn": 9}


class Installations(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self._folder.name)
        self.site = self.root / "site"
        (self.site / "nvidia").mkdir(parents=True)

    def tearDown(self):
        self._folder.cleanup()

    def put(self, place, name, value, version=(9, 19, 0), link=False):
        """A library with one function that returns `value`, and its header; with versioned names only, as in the Python packages."""
        include, lib = place / "include", place / "lib"
        include.mkdir(parents=True, exist_ok=True)
        lib.mkdir(parents=True, exist_ok=True)
        text = f"int {name}(void);\n"
        if name == "cudnn":
            numbers = dict(zip(("MAJOR", "MINOR", "PATCHLEVEL"), version))
            text += "".join(f"#define CUDNN_{key} {number}\n" for key, number in numbers.items())
            text += "#define CUDNN_VERSION (CUDNN_MAJOR * 10000 + CUDNN_MINOR * 100 + CUDNN_PATCHLEVEL)\n"
        (include / HEADER[name]).write_text(text)
        soname = f"lib{name}.so.{MAJOR[name]}"
        source = self.root / f"{name}.c"
        source.write_text(f"int {name}(void) {{ return {value}; }}\n")
        subprocess.run(["cc", "-shared", "-fPIC", f"-Wl,-soname,{soname}", "-o", lib / soname, source], check=True)
        if link:
            (lib / f"lib{name}.so").symlink_to(soname)

    def configure(self):
        """The output of cmake and its exit code."""
        python = self.root / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={self.site} exec {sys.executable} -S "$@"\n')
        python.chmod(0o755)
        done = subprocess.run(
            [CMAKE, "-S", f"{SOURCE}/tests/cmake/project", "-B", self.root / "build", f"-DCUTRACT_SOURCE_DIR={SOURCE}",
             f"-DTOOLKIT={self.root}/toolkit", f"-DCUTRACT_PYTHON={python}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout, done.returncode

    def run_found(self):
        """The output of the program: the values of cublas, cufft and cudnn, found at run time through RPATH only."""
        out, code = self.configure()
        self.assertEqual(code, 0, out)
        subprocess.run([CMAKE, "--build", self.root / "build"], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([self.root / "build/found"], stdout=subprocess.PIPE, text=True, check=True, env={})
        return out, done.stdout.split()

    def test_one_package_each(self):
        for value, name in enumerate(HEADER, 1):
            self.put(self.site / "nvidia" / name, name, value)
        out, values = self.run_found()
        self.assertEqual(values, ["1", "2", "3"])
        self.assertIn("cudnn=9.19.0", out)

    def test_one_package_for_the_toolkit_and_one_for_cudnn(self):
        self.put(self.site / "nvidia/cu13", "cublas", 4)
        self.put(self.site / "nvidia/cu13", "cufft", 5)
        self.put(self.site / "nvidia/cudnn", "cudnn", 6)
        self.assertEqual(self.run_found()[1], ["4", "5", "6"])

    def test_the_toolkit_comes_first(self):
        for name in HEADER:
            self.put(self.site / "nvidia/cu13", name, 1)
            self.put(self.root / "toolkit", name, 7, link=True)
        out, values = self.run_found()
        self.assertEqual(values, ["7", "7", "7"])
        self.assertIn(f"cublas={self.root}/toolkit/lib", out)

    def test_without_cudnn_the_build_goes_on(self):
        self.put(self.site / "nvidia/cu13", "cublas", 1)
        self.put(self.site / "nvidia/cu13", "cufft", 2)
        out, values = self.run_found()
        self.assertEqual(values, ["1", "2", "0"])
        self.assertIn("cudnn=\n", out)

    def test_an_old_cudnn_is_none(self):
        for name in HEADER:
            self.put(self.site / "nvidia/cu13", name, 1, version=(8, 9, 7))
        self.assertEqual(self.run_found()[1], ["1", "1", "0"])

    def test_without_cublas_it_says_what_to_do(self):
        self.put(self.site / "nvidia/cu13", "cufft", 2)
        out, code = self.configure()
        self.assertNotEqual(code, 0)
        self.assertIn("CUTRACT_PYTHON", out)
        self.assertIn("CUBLAS_LIBRARY", out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
