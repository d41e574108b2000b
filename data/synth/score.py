"""Timed phones -> a gestural score of VocalTractLab.

The layout of gestures (a vowel starts about 20 ms before the consonants that precede it are closed; an oral or
glottal gesture leads its effect by about five time constants) follows the rules of VocalTractLab's own converter,
as measured on its output for German. The score drives Birkholz's target approximation: P. Birkholz, "Modeling
consonant-vowel coarticulation for articulatory speech synthesis", PLoS ONE 8(4), 2013.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .inventory import CONSONANTS, GLIDES, REDUCED, SHORTEST_S, SPLIT, VOWELS, Consonant
from .phones import Phone
from .speakers import Speaker

TAU_S = 0.012  # VocalTractLab's default time constant
NEUTRAL = "neutral"

# Seconds, at TAU_S: how far a gesture starts before its effect, and ends before its effect ends.
_ORAL_LEAD = {"lip": (0.092, 0.030), "tongue-tip": (0.080, 0.035), "tongue-body": (0.090, 0.048)}
_SHORTEST_ORAL_S = {"lip": 0.050, "tongue-tip": 0.060, "tongue-body": 0.106}  # shorter gestures do not close
_FRICATIVE_LEAD = (0.072, 0.047)
_GLOTTAL_LEAD = 0.057
_HOLD = {(False, "stop"): 0.66, (True, "stop"): 0.85, (False, "affricate"): 0.45, (True, "affricate"): 0.45}


@dataclass
class Piece:
    """A phone with its place in time; durations already stretched and floored."""

    name: str
    kind: str
    start_s: float
    end_s: float
    word: int

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True)
class Gesture:
    """One gesture: tier-specific `value`, from `start_s` to `end_s`."""

    value: str
    start_s: float
    end_s: float
    slope: float = 0.0


@dataclass
class Score:
    """Gestures by tier, in real seconds, and the vowel tokens (shape name -> target key and duration)."""

    duration_s: float
    tiers: dict[str, list[Gesture]] = field(default_factory=dict)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)


def _kind(name: str) -> str:
    if name == "":
        return "pause"
    if name in VOWELS:
        return "vowel"
    return "glide" if name in GLIDES else CONSONANTS[name].kind


def place(phones: list[Phone], lead_in_s: float, rng: np.random.Generator) -> list[Piece]:
    """Give each phone its start and end, with seeded jitter of durations."""
    pieces, t = [], lead_in_s
    for phone in phones:
        parts = SPLIT.get(phone.name, [(phone.name, 1.0)])
        for name, share in parts:
            kind = _kind(name)
            d = phone.duration_s * share * float(np.exp(np.clip(rng.standard_normal(), -2, 2) * 0.07))
            d = min(d, 0.22) if kind == "pause" else max(d, SHORTEST_S.get(name, SHORTEST_S[kind]))
            pieces.append(Piece(name, kind, t, t + d, phone.word))
            t += d
    return pieces


def _vowel_tier(pieces: list[Piece], tau: float, end_s: float, score: Score) -> None:
    starts: list[tuple[float, str, float]] = [(0.0, NEUTRAL, 0.1)]
    run_start: float | None = None  # onset of the consonants since the last vowel or glide
    for p in pieces:
        if p.kind not in ("vowel", "glide"):
            run_start = p.start_s if run_start is None else run_start
            continue
        begin = p.start_s - 0.050 * tau / TAU_S if run_start is None else run_start - 0.020
        steps = [(GLIDES[p.name], 0.0)] if p.kind == "glide" else VOWELS[p.name]
        for key, fraction in steps:
            at = begin if fraction == 0.0 else p.start_s + fraction * p.duration_s - 0.030
            starts.append((max(at, starts[-1][0] + 0.040), key, p.duration_s))
        run_start = None
    last = pieces[-1].end_s - 0.020 if run_start is None else max(run_start - 0.010, starts[-1][0] + 0.08)
    starts.append((max(last, starts[-1][0] + 0.040), NEUTRAL, 0.1))
    tier = []
    for i, (at, key, duration_s) in enumerate(starts):
        until = starts[i + 1][0] if i + 1 < len(starts) else end_s
        score.tokens[f"t{i}"] = (key, duration_s)
        tier.append(Gesture(f"t{i}", at, until))
    score.tiers["vowel"] = tier


def _release(p: Piece, c: Consonant) -> float:
    return p.start_s + _HOLD.get((c.voiced, c.kind), 1.0) * p.duration_s


def _oral(p: Piece, c: Consonant, stretch: float, tiers: dict[str, list[Gesture]]) -> None:
    if c.kind in ("fricative", "lateral"):
        lead, tail = _FRICATIVE_LEAD
        tiers[c.tier].append(Gesture(c.shape, p.start_s - lead * stretch, p.end_s - tail * stretch))
        return
    lead, tail = _ORAL_LEAD[c.tier]
    start, end = p.start_s - lead * stretch, _release(p, c) - tail * stretch
    tiers[c.tier].append(Gesture(c.shape, start, max(end, start + _SHORTEST_ORAL_S[c.tier])))
    if c.kind == "affricate":
        burst = tiers[c.tier][-1].end_s
        tiers[c.tier].append(Gesture("tt-postalveolar-fricative", burst, p.end_s - 0.047 * stretch))


def _glottal(p: Piece, c: Consonant, after_s: bool, stretch: float, tier: list[Gesture]) -> None:
    lead = _GLOTTAL_LEAD * stretch
    if c.kind == "h":
        tier.append(Gesture("h", p.start_s - lead, p.end_s - lead))
    elif c.kind in ("fricative", "affricate"):
        name = "voiced-fricative" if c.voiced else "voiceless-fricative"
        tier.append(Gesture(name, p.start_s - lead - 0.006, p.end_s - lead + 0.004))
    elif c.kind == "stop" and c.voiced:
        tier.append(Gesture("voiced-plosive", p.start_s - lead + 0.010, _release(p, c) - lead + 0.005))
    elif c.kind == "stop" and after_s:  # unaspirated: the fricative's opening lasts until the release
        last = tier[-1]
        tier[-1] = Gesture(last.value, last.start_s, _release(p, c) - lead - 0.010)
    elif c.kind == "stop":
        release = _release(p, c)
        start = max(p.start_s - 0.030, release - 0.080)
        tier.append(Gesture("voiceless-plosive", start, max(p.end_s - lead + 0.008, start + 0.045)))


def _unoverlap(tier: list[Gesture]) -> list[Gesture]:
    """Gestures of one tier cannot overlap: the later one cuts the earlier."""
    out: list[Gesture] = []
    for g in tier:
        if out and g.start_s < out[-1].start_s + 0.020:
            g = Gesture(g.value, out[-1].start_s + 0.020, max(g.end_s, out[-1].start_s + 0.045), g.slope)
        if out and out[-1].end_s > g.start_s:
            out[-1] = Gesture(out[-1].value, out[-1].start_s, g.start_s, out[-1].slope)
        out.append(g)
    return out


def _accents(pieces: list[Piece]) -> list[Piece]:
    """The longest full vowel of each word that has one of at least 80 ms."""
    best: dict[int, Piece] = {}
    for p in pieces:
        full = p.kind == "vowel" and p.name not in REDUCED and p.duration_s >= 0.080
        if full and (p.word not in best or p.duration_s > best[p.word].duration_s):
            best[p.word] = p
    return sorted(best.values(), key=lambda p: p.start_s)


def _pitch(
        pieces: list[Piece], speaker: Speaker, question: bool, end_s: float, rng: np.random.Generator) -> list[Gesture]:
    """Declining line with accents; values in semitones over 1 Hz, slopes in semitones per second."""
    base = 12.0 * float(np.log2(speaker.f0_hz)) + float(rng.normal(0.0, 0.6))
    speech = pieces[-1].end_s - pieces[0].start_s
    slope = -3.5 / speech
    lead = 0.11  # the pitch tier's filter is slow: its time constant is 30 ms
    tier, t = [], 0.0

    def line(at: float) -> float:
        return base + 2.0 + slope * (at - pieces[0].start_s)

    for k, p in enumerate(_accents(pieces)):
        start, end = p.start_s - lead, p.end_s - 0.5 * lead
        if start < t + 0.03:
            continue
        height = speaker.accent_st * float(rng.uniform(0.4, 1.2)) * (1.2 if k == 0 else 1.0)
        tier += [Gesture(f"{line(t):.4f}", t, start, slope), Gesture(f"{line(start) + height:.4f}", start, end, slope)]
        t = end
    if question and pieces[-1].start_s - 0.15 > t + 0.03:
        turn = pieces[-1].start_s - 0.15
        tier += [Gesture(f"{line(t):.4f}", t, turn, slope), Gesture(f"{base + 5.0:.4f}", turn, end_s)]
    else:
        tier.append(Gesture(f"{line(t):.4f}", t, end_s, slope))
    return tier


def build_score(pieces: list[Piece], speaker: Speaker, question: bool, tail_s: float, rng: np.random.Generator) -> Score:
    """All gestures of one utterance, in real time (before the speaker's length scaling)."""
    stretch = speaker.slowness
    score = Score(duration_s=pieces[-1].end_s + tail_s)
    _vowel_tier(pieces, TAU_S * stretch, score.duration_s, score)
    oral: dict[str, list[Gesture]] = {"lip": [], "tongue-tip": [], "tongue-body": []}
    velic: list[Gesture] = []
    glottal: list[Gesture] = []
    for i, p in enumerate(pieces):
        c = CONSONANTS.get(p.name)
        if c is None:
            continue
        if c.kind != "h":
            _oral(p, c, stretch, oral)
        _glottal(p, c, i > 0 and pieces[i - 1].name == "s" and bool(glottal), stretch, glottal)
        if c.kind == "nasal":
            velic.append(Gesture(f"{0.5 * float(rng.uniform(0.8, 1.2)):.4f}", p.start_s - 0.072 * stretch,
                                 p.end_s - 0.045 * stretch))
    for name, tier in oral.items():
        score.tiers[name] = _unoverlap(tier)
    score.tiers["velic"] = _unoverlap(velic)
    score.tiers["glottal-shape"] = _unoverlap(glottal)
    score.tiers["f0"] = _pitch(pieces, speaker, question, score.duration_s, rng)
    pressure = speaker.pressure_dpa * float(rng.uniform(0.93, 1.07))
    on, off = pieces[0].start_s - 0.03, pieces[-1].end_s - 0.075
    score.tiers["lung-pressure"] = [
        Gesture("0.0", 0.0, on), Gesture(f"{pressure:.1f}", on, off), Gesture("0.0", off, score.duration_s)]
    return score
