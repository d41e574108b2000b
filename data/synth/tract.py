"""VocalTractLab: turns a speaker file and a gestural score into audio and the movement of points.

A speaker whose lengths are all `a` times JD3's has all resonances at 1/a of JD3's. So JD3 is driven a times faster
with its pitch a times higher, and its audio is played a times slower. Movement, pitch and noise are then in real time,
for a vocal tract of a different length. Points (mm) are multiplied by a, areas by a squared.
"""

from __future__ import annotations

import ctypes
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import vocaltractlab_cython as vtl
from scipy.interpolate import CubicSpline
from scipy.signal import resample_poly
from vocaltractlab_cython.VocalTractLabApi import _close, _initialize
from vocaltractlab_cython.exceptions import VtlApiError

from .errors import CorpusError
from .inventory import CONSONANT_JAW_DEG, TARGETS
from .score import NEUTRAL, TAU_S, Gesture, Score
from .speakers import HABIT_SD, TOKEN_SD, Speaker, offsets, rng_for

SAMPLE_RATE = 16000
FRAME_RATE = 100
_ENGINE_RATE = 44100
_STATE_SAMPLES = 110  # tract file: one state every 110 samples
_SYNTH_STRIDE = 2  # the tube is computed anew every second state (5 ms) and is linear in between
_ROOT_STRIDE = 4  # slow to compute, and smooth
_EMA_STEP_S = 0.005
_SHORTEST_GAP_S = 0.002
_JAW_MEAN_DEG = -3.5
_LIP_FLOOR_CM = 0.25  # below this a rounded vowel becomes a closure

# name, unit, meaning. The first seven sensors are VocalTractLab's own virtual EMA coils in the midsagittal plane.
CHANNELS: tuple[tuple[str, str, str], ...] = (
    ("tt_x", "mm", "tongue tip coil, horizontal (larger is further forward)"),
    ("tt_y", "mm", "tongue tip coil, vertical (larger is higher)"),
    ("tm_x", "mm", "tongue middle coil, horizontal"),
    ("tm_y", "mm", "tongue middle coil, vertical"),
    ("tb_x", "mm", "tongue back coil, horizontal"),
    ("tb_y", "mm", "tongue back coil, vertical"),
    ("tr_x", "mm", "tongue root point TRX, horizontal (smaller is a narrower pharynx)"),
    ("ul_y", "mm", "upper lip coil, vertical"),
    ("ll_x", "mm", "lower lip coil, horizontal: lip protrusion (the upper lip's is the same in this model)"),
    ("ll_y", "mm", "lower lip coil, vertical"),
    ("jaw_x", "mm", "jaw coil, horizontal"),
    ("jaw_y", "mm", "jaw coil, vertical"),
    ("velum", "mm2", "velopharyngeal opening VO, negative when firmly closed"),
    ("larynx_y", "mm", "hyoid and larynx height HY, vertical"),
)
_EMA_COLUMNS = (7, 8, 4, 5, 1, 2, 11, 13, 14, 16, 17)  # TT, TM, TB, UL y, LL, JAW in the engine's text table
_TIERS = {
    "vowel": ("vowel-gestures", ""), "lip": ("lip-gestures", ""), "tongue-tip": ("tongue-tip-gestures", ""),
    "tongue-body": ("tongue-body-gestures", ""), "velic": ("velic-gestures", ""),
    "glottal-shape": ("glottal-shape-gestures", ""), "f0": ("f0-gestures", "st"),
    "lung-pressure": ("lung-pressure-gestures", "dPa"),
}


@dataclass(frozen=True)
class Rendered:
    """Audio [S] in -1..1 at 16 kHz and channels [T, P] at 100 Hz, both from time 0."""

    audio: np.ndarray
    channels: np.ndarray


@lru_cache(maxsize=1)
def _resources() -> tuple[Path, ctypes.CDLL]:
    root = Path(vtl.__file__).parent
    speaker, library = root / "resources" / "JD3.speaker", root / "libVocalTractLabApi.so"
    for path in (speaker, library):
        if not path.exists():
            raise CorpusError(f"{path.name}: not in vocaltractlab-cython; install the version in requirements.txt")
    # The package does not wrap the coil export; this is the library that it has loaded already.
    return speaker, ctypes.CDLL(str(library))


def engine_version() -> str:
    """Version text of the VocalTractLab engine."""
    return str(vtl.get_version())


def _mix(shapes: dict[str, dict[str, float]], key: str) -> dict[str, float]:
    target = TARGETS[key]
    names = shapes["@"].keys()
    out = {n: sum(w * shapes[s][n] for s, w in target.mix.items()) for n in names}
    for n, d in target.offset.items():
        out[n] += d
    return out


def _token_shape(shapes: dict[str, dict[str, float]], key: str, duration_s: float, speaker: Speaker,
                 habit: dict[str, float], rng: np.random.Generator) -> dict[str, float]:
    if key == NEUTRAL:
        out = _mix(shapes, "@")
        out["LD"] -= 0.2
        return out
    goal, schwa = _mix(shapes, key), _mix(shapes, "@")
    # Undershoot grows as vowels get short (Lindblom 1963); glides are as short as they are and keep their target.
    short = 0.0 if key in ("w", "j", "r") else 0.25 * max(0.0, (0.100 - duration_s) / 0.100)
    pull = min(0.35, speaker.reduction + short)
    out = {n: (1.0 - pull) * goal[n] + pull * schwa[n] for n in goal}
    scale = 0.5 if key in ("i", "j", "u", "w") else 1.0  # narrow shapes close when they are moved far
    for deltas, s in ((habit, scale), (offsets(rng, TOKEN_SD, scale), 1.0)):
        for n, d in deltas.items():
            out[n] += d * s
    out["JA"] = min(_JAW_MEAN_DEG + speaker.jaw_gain * (out["JA"] - _JAW_MEAN_DEG), -0.3)
    out["LD"] = max(out["LD"], _LIP_FLOOR_CM)
    return out


def _write_speaker(path: Path, score: Score, speaker: Speaker, rng: np.random.Generator) -> None:
    tree = ET.parse(_resources()[0])
    shapes_node = tree.find("vocal_tract_model/shapes")
    if shapes_node is None:
        raise CorpusError("JD3.speaker: has no shapes; install the version of vocaltractlab-cython in requirements.txt")
    shapes = {s.get("name", ""): {p.get("name", ""): float(p.get("value", "0")) for p in s} for s in shapes_node}
    habit = offsets(rng_for(speaker.name, "habit"), HABIT_SD)
    for node in shapes_node:
        base = node.get("name", "").split("(")[0]
        if base in CONSONANT_JAW_DEG:
            jaw = next(p for p in node if p.get("name") == "JA")
            value = float(jaw.get("value", "0")) + CONSONANT_JAW_DEG[base]
            value = _JAW_MEAN_DEG + speaker.jaw_gain * (value - _JAW_MEAN_DEG) + 0.5 * habit["JA"]
            jaw.set("value", f"{min(value, -0.2):.4f}")
    for name, (key, duration_s) in score.tokens.items():
        values = _token_shape(shapes, key, duration_s, speaker, habit, rng)
        node = ET.SubElement(shapes_node, "shape", name=name)
        for param, value in values.items():
            ET.SubElement(node, "param", name=param, value=f"{value:.4f}")
    _set_voice(tree, speaker)
    tree.write(path, encoding="us-ascii", xml_declaration=False)


def _set_voice(tree: ET.ElementTree, speaker: Speaker) -> None:
    """Move the "modal" glottis towards "breathy" or "pressed"; pitch and pressure have tiers of their own."""
    for model in tree.iterfind("glottis_models/glottis_model"):
        if model.get("selected") != "1":
            continue
        shapes = {s.get("name"): s for s in model.iterfind("shapes/shape")}
        other = shapes["breathy" if speaker.breathiness >= 0 else "pressed"]
        for mine, theirs in zip(shapes["modal"], other):
            if mine.get("name") not in ("F0", "PR"):
                w = abs(speaker.breathiness)
                value = (1 - w) * float(mine.get("value", "0")) + w * float(theirs.get("value", "0"))
                mine.set("value", f"{value:.6f}")


def _fill(tier: list[Gesture], end_s: float, rest: str) -> list[tuple[Gesture, bool]]:
    """The tier without gaps: (gesture, is it a gap)."""
    out, t = [], 0.0
    for g in tier:
        start, end = max(g.start_s, 0.0), min(g.end_s, end_s)
        if end <= start:
            continue
        if start < t + _SHORTEST_GAP_S:  # the engine refuses gestures of under a millisecond
            start = t
        if start > t:
            out.append((Gesture(rest, t, start), True))
        out.append((Gesture(g.value, start, end, g.slope), False))
        t = end
    if t < end_s - _SHORTEST_GAP_S:
        out.append((Gesture(rest, t, end_s), True))
    return out


def _write_score(path: Path, score: Score, speaker: Speaker) -> None:
    a = speaker.length_scale
    root = ET.Element("gestural_score")
    for tier, (kind, unit) in _TIERS.items():
        node = ET.SubElement(root, "gesture_sequence", type=kind, unit=unit)
        rest = {"glottal-shape": "modal", "velic": "0.0"}.get(tier, "")
        tau = 0.030 if tier == "f0" else 0.008 if tier == "lung-pressure" else TAU_S * speaker.slowness
        for g, gap in _fill(score.tiers[tier], score.duration_s, rest):
            value = f"{float(g.value) + 12.0 * np.log2(a):.4f}" if tier == "f0" else g.value
            ET.SubElement(
                node, "gesture", value=value, slope=f"{g.slope * a:.6f}",
                duration_s=f"{(g.end_s - g.start_s) / a:.6f}", time_constant_s=f"{tau / a:.6f}",
                neutral="1" if gap and tier != "glottal-shape" else "0")
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="us-ascii", xml_declaration=False)


def _read_states(path: Path) -> tuple[np.ndarray, np.ndarray]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")][2:]
    glottis = np.array([[float(v) for v in line.split()] for line in lines[0::2]])
    tract = np.array([[float(v) for v in line.split()] for line in lines[1::2]])
    return tract, glottis


def render(utterance_id: str, score: Score, speaker: Speaker, scratch: Path) -> Rendered:
    """Synthesize one utterance; `scratch` is an existing folder for the engine's text files."""
    jd3, library = _resources()
    voice, gestures = scratch / "voice.speaker", scratch / "score.ges"
    states, coils = scratch / "states.txt", scratch / "coils.txt"
    _write_speaker(voice, score, speaker, rng_for(utterance_id, "tokens"))
    _write_score(gestures, score, speaker)
    _close()
    _initialize(str(voice))
    try:
        vtl.gesture_file_to_motor_file(str(gestures), str(states))
        if library.vtlGesturalScoreToEma(str(gestures).encode(), str(coils).encode()) != 0:
            raise CorpusError(f"{utterance_id}: VocalTractLab cannot export its coils; look for values out of range")
        tract, glottis = _read_states(states)
        step = _SYNTH_STRIDE
        audio = vtl.synth_block(tract[::step], glottis[::step], state_samples=step * _STATE_SAMPLES)
    except VtlApiError as error:
        raise CorpusError(f"{utterance_id}: VocalTractLab refuses the score; look for values out of range") from error
    finally:
        _close()
        _initialize(str(jd3))
    a = speaker.length_scale
    audio = resample_poly(audio, round(160 * a * 100), 44100)
    points = np.loadtxt(coils, skiprows=2)
    frames = min(len(audio) * FRAME_RATE // SAMPLE_RATE, int(score.duration_s * FRAME_RATE))
    return Rendered(audio[: frames * SAMPLE_RATE // FRAME_RATE], _channels(points, tract, a, frames))


def _channels(points: np.ndarray, tract: np.ndarray, a: float, frames: int) -> np.ndarray:
    at = np.arange(frames) / FRAME_RATE

    def sample(values: np.ndarray, step_s: float) -> np.ndarray:
        times = np.arange(len(values)) * step_s * a
        return CubicSpline(times, values, axis=0)(np.minimum(at, times[-1]))

    names = [p["name"] for p in vtl.get_param_info("tract")]
    coils = sample(points[:, _EMA_COLUMNS], _EMA_STEP_S) * 10.0 * a
    state_s = _STATE_SAMPLES / _ENGINE_RATE
    # The engine computes the tongue root from the tongue body; the state file holds the value before that.
    root = np.array([vtl.tract_state_to_limited_tract_state(s)[names.index("TRX")] for s in tract[::_ROOT_STRIDE]])
    root_x = sample(root, _ROOT_STRIDE * state_s) * 10.0 * a
    velum, larynx = (sample(tract[:, names.index(n)], state_s) for n in ("VO", "HY"))
    return np.column_stack([
        coils[:, 0:6], root_x, coils[:, 6:11], velum * 100.0 * a * a, larynx * 10.0 * a,
    ]).astype(np.float32)
