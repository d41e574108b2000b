"""Phones with durations, from eSpeak NG's phoneme events (the library, not its voice)."""

from __future__ import annotations

import ctypes
import ctypes.util
from dataclasses import dataclass, replace
from functools import lru_cache

from .errors import CorpusError

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: no sound device, callback only
_PHONEME_EVENTS = 1  # espeakINITIALIZE_PHONEME_EVENTS
_RATE = 1  # espeakRATE
_MARKS = (";", "?")  # palatalisation, glottal reinforcement
_EVENT_WORD, _EVENT_PHONEME = 1, 7


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Phone:
    """One phone; `name` is eSpeak's mnemonic, "" is a pause. `word` counts from 0 (eSpeak joins "in the" into one)."""

    name: str
    duration_s: float
    word: int


@lru_cache(maxsize=1)
def _library() -> tuple[ctypes.CDLL, list, object]:
    path = ctypes.util.find_library("espeak-ng")
    if path is None:
        raise CorpusError("libespeak-ng: not found; install the Debian package espeak-ng")
    lib = ctypes.CDLL(path)
    if lib.espeak_Initialize(_SYNCHRONOUS, 0, None, _PHONEME_EVENTS) <= 0:
        raise CorpusError("libespeak-ng: does not start; install the Debian package espeak-ng-data")
    if lib.espeak_SetVoiceByName(b"en-us") != 0:
        raise CorpusError('libespeak-ng: has no voice "en-us"; install the Debian package espeak-ng-data')
    seen: list[tuple[int, int, str]] = []

    def collect(_samples: int, _count: int, events: ctypes.Array) -> int:
        i = 0
        while events[i].type != 0:
            event = events[i]
            if event.type == _EVENT_PHONEME:
                seen.append((_EVENT_PHONEME, event.audio_position_ms, event.id.string.decode("ascii", "replace")))
            elif event.type == _EVENT_WORD:
                seen.append((_EVENT_WORD, event.audio_position_ms, str(event.id.number)))
            i += 1
        return 0

    callback = _Callback(collect)
    lib.espeak_SetSynthCallback(callback)
    return lib, seen, callback  # the callback must outlive the library's use of it


def espeak_version() -> str:
    """Version text of the eSpeak NG library in use."""
    lib = _library()[0]
    lib.espeak_Info.restype = ctypes.c_char_p
    return lib.espeak_Info(None).decode()


def speak(text: str, words_per_minute: int) -> list[Phone]:
    """The phones of `text` as eSpeak NG would time them at this speaking rate."""
    lib, seen, _ = _library()
    seen.clear()
    lib.espeak_SetParameter(_RATE, words_per_minute, 0)
    data = text.encode()
    lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
    lib.espeak_Synchronize()
    word, marks = -1, []
    for kind, ms, name in seen:
        if kind == _EVENT_WORD:
            word += 1
        else:
            marks.append((ms, name, word))
    phones: list[Phone] = []
    for (ms, name, at_word), (end_ms, _, _) in zip(marks, marks[1:]):
        duration_s = (end_ms - ms) / 1000.0
        if name in _MARKS and phones:  # not phones: their time belongs to the phone before
            phones[-1] = replace(phones[-1], duration_s=phones[-1].duration_s + duration_s)
            continue
        phones.append(Phone("" if name.startswith("_") else name, duration_s, at_word))
    while phones and phones[-1].name == "":
        phones.pop()
    if not phones:
        raise CorpusError(f'eSpeak NG: gives no phones for "{text}"; write a sentence of English words')
    return phones
