"""Settings of a config as Python values."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from . import _native
from ._errors import Error, UsageError

Settings = Mapping[str, Any]


def assignments(settings: Settings | None, section: str = "") -> list[str]:
    """Returns "a.b=c" for each setting. Mappings in it are sections: {"model": {"hidden": 64}} is {"model.hidden": 64}."""
    return [f"{name}={_toml(name, value)}" for name, value in _flat(settings or {}, section)]


def _flat(settings: Settings, section: str) -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if not isinstance(key, str):
            raise UsageError(f"{section}{key!r}: expected the name of a setting, e.g. \"model.hidden\"")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{section}{key}.")
        else:
            yield section + key, value


def _toml(name: str, value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(name, item) for item in value) + "]"
    raise UsageError(f"{name}: expected a number, a text, true or false, or a list of texts, got {type(value).__name__}")


def in_python(error: Error, given: list[str]) -> Error:
    """Returns the error with the options of the command line that its text names as arguments of this package."""
    text = str(error)
    for assignment in given:
        text = text.replace(f"--set {assignment}: ", "")
    text = re.sub(r"--(device|corpus|split|resume|init-from|out|skip-bad)\b", lambda m: m[1].replace("-", "_"), text)
    return type(error)(text.replace("; check the path given to -c", "; check the path"))


def check(config: bytes, given: list[str]) -> None:
    """Throws ConfigError, which lists every mistake in a config file and in assignments."""
    try:
        _native.check_settings(config, given)
    except Error as error:
        raise in_python(error, given) from None
