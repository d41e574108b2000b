#!/usr/bin/env python3
"""Configures a project that has cutract as a subfolder, and checks the syntax of its main.cpp, which includes the installed headers.

    subproject.py SOURCE CMAKE [CMAKE_ARGUMENT...]    exit code 77 if there is no cmake
"""

import json
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

OUTER = """cmake_minimum_required(VERSION 3.25)
project(outer LANGUAGES C CXX)
enable_testing()
add_subdirectory({source} cutract EXCLUDE_FROM_ALL)
file(WRITE ${{CMAKE_BINARY_DIR}}/main.cpp "#include <cutract/error.h>\\n#include <cutract/inverter.h>\\n#include <cutract/log.h>\\nint main() {{}}\\n")
add_executable(outer ${{CMAKE_BINARY_DIR}}/main.cpp)
target_link_libraries(outer PRIVATE cutract::cutract)
if(CMAKE_BUILD_TYPE)
  message(FATAL_ERROR "the subfolder chose the build type ${{CMAKE_BUILD_TYPE}}")
endif()
if(CUTRACT_TESTS OR CUTRACT_INSTALL OR CUTRACT_BENCH OR TARGET tests_core)
  message(FATAL_ERROR "tests, benches or install rules of the subfolder are on")
endif()
"""


def main():
    source, cmake, more = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], sys.argv[3:]
    if not shutil.which(cmake):
        print(f"SKIPPED: there is no {cmake} to configure a project with")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        (work / "CMakeLists.txt").write_text(OUTER.format(source=source))
        done = subprocess.run([cmake, "-S", str(work), "-B", str(work / "build"), "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *more], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
        commands = json.loads((work / "build/compile_commands.json").read_text())
        own = next(c for c in commands if c["file"].endswith("build/main.cpp"))
        done = subprocess.run([*shlex.split(own["command"]), "-fsyntax-only"], cwd=own["directory"], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stdout + done.stderr)
    print("configured")
    return 0


if __name__ == "__main__":
    sys.exit(main())
