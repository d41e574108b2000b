"""Passes notes and warnings of the library to the logger "cutract"."""

from __future__ import annotations

import atexit
import logging

from . import _native

logger = logging.getLogger("cutract")


def write(line: str) -> None:
    """Logs a line of the library, or of the program's stderr."""
    if line.startswith("warning: "):
        logger.warning("%s", line[len("warning: ") :])
    else:
        logger.info("%s", line)


_native.write_log_with(write)
atexit.register(_native.write_log_with, None)  # a thread of the library must not call Python when Python is gone
