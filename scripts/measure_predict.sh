#!/usr/bin/env bash
# Measures `cutract predict` on the CPU: peak memory for an hour of audio, and seconds for 100 short files.
#   scripts/measure_predict.sh MODEL BINARY [BINARY...]    the binaries run alternately, 5 rounds
# Needs GNU time (/usr/bin/time) and numpy.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
model=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CUTRACT_PYTHON:-python3}" - "$work" <<'PY'
import pathlib, sys, wave
import numpy as np

rng = np.random.default_rng(7)
rate = 16000

def write(path, seconds):
    """A tone of changing frequency and level in noise, as 16-bit WAV."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(rate)
        for s in range(seconds):
            t = s + np.arange(rate) / rate
            tone = 0.2 * np.sin(2 * np.pi * (200 + 50 * (s % 30)) * t) * (0.55 + 0.45 * np.sin(6 * np.pi * t))
            x = tone + 0.02 * rng.standard_normal(rate)
            out.writeframes((np.clip(x, -1, 1) * 32767).astype("<i2").tobytes())

work = pathlib.Path(sys.argv[1])
write(work / "hour.wav", 3600)
(work / "short").mkdir()
for i in range(100):
    write(work / "short" / f"{i:03}.wav", 3)
PY

for binary in "$@"; do
  /usr/bin/time -f "%M" -o "$work/kb" "$binary" predict "$model" "$work/hour.wav" --device cpu --out "$work/out" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
  echo "$binary: one hour of audio: peak memory $(($(tail -1 "$work/kb") * 1024 / 1000000)) MB"
done
for round in 1 2 3 4 5; do
  for binary in "$@"; do
    /usr/bin/time -f "%e s, %U s of CPU" -o "$work/s" "$binary" predict "$model" "$work/short" --device cpu --out "$work/out" 2>"$work/log" ||
      { cat "$work/log" >&2; exit 1; }
    echo "$binary: 100 files of 3 s, round $round: $(tail -1 "$work/s")"
  done
done
