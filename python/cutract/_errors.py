"""The exceptions of cutract, one for each kind of failure. Each is also the built-in exception of that kind."""

from __future__ import annotations


class Error(Exception):
    """Any failure of cutract. Its text says what is wrong, what was expected and what to do."""

    exit_code = 70  #: exit code of the program `cutract` for this kind of failure


class UsageError(Error, ValueError):
    """A call that cannot work, for example an unknown speaker or an array with two dimensions."""

    exit_code = 2


class ConfigError(Error, ValueError):
    """Settings that are unknown, out of range or contradict each other. All of them are listed, one per line."""

    exit_code = 3


class DataError(Error, ValueError):
    """Audio, movement, a corpus or a model that is damaged or not what was expected."""

    exit_code = 4


class FileError(Error, OSError):
    """A file or folder that is missing, or cannot be read or written."""

    exit_code = 5


class OutOfMemoryError(Error, MemoryError):
    """Too little memory, on the host or on a GPU."""

    exit_code = 6


class DeviceError(Error, RuntimeError):
    """A GPU that is missing, cannot be used or failed."""

    exit_code = 7


class DivergedError(Error, ArithmeticError):
    """A training whose loss or gradient became infinite or NaN. Earlier checkpoints are kept."""

    exit_code = 8


class InternalError(Error, RuntimeError):
    """A mistake in cutract itself; please report it with its text."""

    exit_code = 70


_BY_EXIT_CODE: dict[int, type[Error]] = {
    kind.exit_code: kind
    for kind in (UsageError, ConfigError, DataError, FileError, OutOfMemoryError, DeviceError, DivergedError, InternalError)
}


def error_of(exit_code: int, text: str) -> Error:
    """Returns the exception for a fault of the library, or for an exit code of the program."""
    return _BY_EXIT_CODE.get(exit_code, InternalError)(text)
