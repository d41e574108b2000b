"""What each English phone does: vowel targets as mixes of the speaker file's shapes, and consonant gestures.

VocalTractLab's speaker JD3 is German. English vowels and /r/ that it lacks are affine mixes of its shapes plus
offsets in its own parameters (cm, degrees). The offsets of "ae" and "r" come from a random search for low error of
F1 to F3 (first three peaks of `tract_state_to_transfer_function`), then the jaw was set by hand. As used, in Hz:
i 204 2153 3133, E 527 1733 2476, ae 624 1647 2476, A 667 1216 2379, O 495 904 2530, u 258 915 2400, r 441 1216 1668.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A vocal tract shape: sum of weight * shape, plus offsets by parameter name."""

    mix: dict[str, float]
    offset: dict[str, float] = field(default_factory=dict)


TARGETS: dict[str, Target] = {
    "i": Target({"i": 1.0}),
    "I": Target({"I": 0.8, "E": 0.2}),
    "e": Target({"e": 0.6, "E": 0.4}),
    "E": Target({"E": 1.0}, {"JA": -0.4}),
    "ae": Target({"E": 1.0}, {"JA": -1.8, "LD": 0.7, "TCX": -0.2, "TTY": -0.11, "TBY": -0.5, "HY": 0.6}),
    "A": Target({"a": 0.75, "O": 0.25}, {"JA": -1.6, "LD": 0.3}),
    "V": Target({"a": 0.7, "@": 0.3}, {"JA": -0.8}),
    "O": Target({"O": 0.75, "o": 0.25}, {"JA": -0.6}),
    "o": Target({"o": 0.55, "@": 0.45}),
    "U": Target({"U": 0.85, "@": 0.15}),
    "u": Target({"u": 0.75, "y": 0.25}, {"JA": 0.4}),
    "@": Target({"@": 1.0}, {"JA": 0.5}),
    "w": Target({"u": 1.0}),
    "j": Target({"i": 1.0}),
    "r": Target(
        {"@": 1.0},
        {"JA": 0.8, "LP": 0.1, "LD": -0.5, "TCX": -1.17, "TCY": -0.93, "TTX": -1.03, "TTY": -1.03,
         "TBX": -0.84, "TBY": 2.63, "TS3": -0.41},
    ),
    "er": Target(
        {"@": 1.0},
        {"LD": -0.2, "TCX": -1.0, "TCY": -0.8, "TTX": -0.9, "TTY": -0.9, "TBX": -0.7, "TBY": 2.2, "TS3": -0.35},
    ),
}

# Vowels: (target, fraction of the phone at which its gesture starts).
VOWELS: dict[str, list[tuple[str, float]]] = {
    "i": [("i", 0.0)], "i:": [("i", 0.0)], "I": [("I", 0.0)], "I#": [("I", 0.0)], "I2": [("I", 0.0)],
    "E": [("E", 0.0)], "E2": [("E", 0.0)], "a": [("ae", 0.0)], "aa": [("ae", 0.0)], "a#": [("@", 0.0)],
    "A:": [("A", 0.0)], "A#": [("A", 0.0)], "0": [("A", 0.0)], "V": [("V", 0.0)], "O": [("O", 0.0)],
    "O2": [("O", 0.0)], "O:": [("O", 0.0)],
    "U": [("U", 0.0)], "u": [("u", 0.0)], "u:": [("u", 0.0)], "@": [("@", 0.0)], "@2": [("@", 0.0)],
    "@5": [("@", 0.0)], "0#": [("A", 0.0)], "3": [("er", 0.0)], "3:": [("er", 0.0)],
    "aI": [("A", 0.0), ("I", 0.35)], "aU": [("ae", 0.0), ("U", 0.35)], "OI": [("O", 0.0), ("I", 0.35)],
    "eI": [("e", 0.0), ("i", 0.35)], "oU": [("o", 0.0), ("U", 0.35)], "oU#": [("o", 0.0)],
    "A@": [("A", 0.0), ("r", 0.45)], "O@": [("O", 0.0), ("r", 0.45)], "o@": [("O", 0.0), ("r", 0.45)],
    "e@": [("E", 0.0), ("r", 0.4)], "i@": [("i", 0.0), ("@", 0.45)], "i@3": [("i", 0.0), ("r", 0.4)],
    "U@": [("U", 0.0), ("r", 0.4)], "aI@": [("A", 0.0), ("I", 0.25), ("@", 0.6)],
    "aI3": [("A", 0.0), ("I", 0.25), ("r", 0.55)], "aU@": [("ae", 0.0), ("U", 0.25), ("r", 0.55)],
    "I@": [("I", 0.0), ("@", 0.4)],
}

GLIDES: dict[str, str] = {"w": "w", "j": "j", "r": "r", "r-": "r", "r/": "r"}


@dataclass(frozen=True)
class Consonant:
    """The gestures of one consonant: oral `tier` and `shape`, glottal shape, and whether the velum is lowered."""

    kind: str  # stop, fricative, affricate, nasal, lateral or h
    tier: str = ""  # lip, tongue-tip or tongue-body
    shape: str = ""
    voiced: bool = True


CONSONANTS: dict[str, Consonant] = {
    "p": Consonant("stop", "lip", "ll-labial-closure", False),
    "b": Consonant("stop", "lip", "ll-labial-closure"),
    "m": Consonant("nasal", "lip", "ll-labial-closure"),
    "f": Consonant("fricative", "lip", "ll-dental-fricative", False),
    "v": Consonant("fricative", "lip", "ll-dental-fricative"),
    "T": Consonant("fricative", "tongue-tip", "tt-dental-fricative", False),
    "D": Consonant("fricative", "tongue-tip", "tt-dental-fricative"),
    "t": Consonant("stop", "tongue-tip", "tt-alveolar-closure", False),
    "t2": Consonant("stop", "tongue-tip", "tt-alveolar-closure", False),
    "t#": Consonant("stop", "tongue-tip", "tt-alveolar-closure"),
    "d": Consonant("stop", "tongue-tip", "tt-alveolar-closure"),
    "d#": Consonant("stop", "tongue-tip", "tt-alveolar-closure"),
    "n": Consonant("nasal", "tongue-tip", "tt-alveolar-closure"),
    "s": Consonant("fricative", "tongue-tip", "tt-alveolar-fricative", False),
    "z": Consonant("fricative", "tongue-tip", "tt-alveolar-fricative"),
    "z#": Consonant("fricative", "tongue-tip", "tt-alveolar-fricative"),
    "l": Consonant("lateral", "tongue-tip", "tt-alveolar-lateral"),
    "S": Consonant("fricative", "tongue-tip", "tt-postalveolar-fricative", False),
    "Z": Consonant("fricative", "tongue-tip", "tt-postalveolar-fricative"),
    "tS": Consonant("affricate", "tongue-tip", "tt-postalveolar-closure", False),
    "dZ": Consonant("affricate", "tongue-tip", "tt-postalveolar-closure"),
    "k": Consonant("stop", "tongue-body", "tb-velar-closure", False),
    "g": Consonant("stop", "tongue-body", "tb-velar-closure"),
    "N": Consonant("nasal", "tongue-body", "tb-velar-closure"),
    "h": Consonant("h", voiced=False),
}

# Syllabic sonorants are a schwa and a consonant.
SPLIT: dict[str, list[tuple[str, float]]] = {
    "@L": [("@", 0.5), ("l", 0.5)], "n-": [("@", 0.3), ("n", 0.7)], "m-": [("@", 0.3), ("m", 0.7)],
    "IR": [("I", 0.5), ("r", 0.5)], "VR": [("er", 0.5), ("r", 0.5)],
}

# Jaw raising that speakers show in closures and that JD3's consonant shapes leave out (degrees). None for the
# tongue-tip fricatives: their noise depends on the teeth, and 1.6 degrees cost /s/ 9 dB and /S/ 19 dB.
CONSONANT_JAW_DEG: dict[str, float] = {"tt-alveolar-closure": 0.9, "ll-labial-closure": 0.9}

# Shortest durations (s) by kind or phone: below these the gestures do not reach their targets.
SHORTEST_S: dict[str, float] = {
    "stop": 0.072, "fricative": 0.065, "affricate": 0.100, "nasal": 0.055, "lateral": 0.050, "h": 0.050, "glide": 0.055,
    "vowel": 0.050, "k": 0.090, "g": 0.080,
}

# Vowels that never carry a pitch accent.
REDUCED: frozenset[str] = frozenset({"@", "@2", "@5", "a#", "I2", "I#", "i", "3"})
