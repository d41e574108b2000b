"""The program `cutract` that comes with the package."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterable

from . import _native
from ._errors import Error, InternalError, OutOfMemoryError, error_of


def path() -> str:
    """Returns the path of the program, which is beside the compiled module."""
    return str(pathlib.Path(_native.__file__).parent / "bin" / "cutract")


def main() -> None:
    """The command `cutract` that pip installs: becomes the program, so signals and exit codes are the program's."""
    os.execv(path(), ["cutract", *sys.argv[1:]])


def start(arguments: Iterable[str | bytes], **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([path(), *arguments], stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload,no-any-return]


def failure(command: str, exit_code: int, lines: list[str]) -> Error:
    """Returns the exception for a program that failed, with its error lines as the text."""
    if exit_code == -9:
        return OutOfMemoryError(f"{command}: was killed, as Linux does with a process when memory runs out; use a smaller batch or model")
    if exit_code < 0:
        return InternalError(f"{command}: ended by signal {-exit_code}")
    text = "\n".join(line[len("error: ") :] for line in lines if line.startswith("error: "))
    return error_of(exit_code, text or f"{command}: ended with exit code {exit_code}")
