"""Pearson r of predictions for changed recordings of the embedded corpus; bench/levels.sh runs this."""

import csv
import pathlib
import subprocess
import sys
import tempfile
import wave

try:
    import numpy as np
except ImportError:
    sys.exit("levels: needs NumPy for python3; install the Debian package python3-numpy")

CORPUS = pathlib.Path("data/corpus")
RATE = 16000  # Hz, of the corpus
FRAMES_PER_S = 100  # of its articulation
CHOICES = [["--feature-statistics", "training"], [], ["--one-speaker"]]  # options of predict


def quieter(decibels):
    return lambda x, rng: (x * 10 ** (-decibels / 20), RATE)


def with_noise(decibels):
    """White noise at this ratio of the recording's power to the noise's."""

    def change(x, rng):
        noise = rng.standard_normal(len(x))
        return x + noise * np.sqrt(np.mean(x**2) / np.mean(noise**2)) * 10 ** (-decibels / 20), RATE

    return change


def telephone_rate(x, rng):
    """8 kHz: a windowed-sinc low-pass at 3.7 kHz, then every second sample."""
    k = np.arange(-127, 128)
    taps = np.sinc(2 * 3700 / RATE * k) * np.blackman(len(k))
    return np.convolve(x, taps / taps.sum(), mode="same")[::2], RATE // 2


CONDITIONS = {
    "as it is": quieter(0),
    "10 dB quieter": quieter(10),
    "20 dB quieter": quieter(20),
    "8 kHz": telephone_rate,
    "noise, SNR 20 dB": with_noise(20),
}


def decoded(path):
    raw = ["flac", "-d", "-s", "-c", "--force-raw-format", "--endian=little", "--sign=signed", path]
    return np.frombuffer(subprocess.run(raw, check=True, capture_output=True).stdout, "<i2") / 32768


def write_wav(path, samples, rate):
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, rate, 0, "NONE", ""))
        out.writeframes(np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes())


def pearson(path, measured):
    """The mean over the channels, with the measured movement at the times of the predicted frames."""
    predicted = np.load(path)
    times = np.arange(len(measured)) / FRAMES_PER_S
    at = predicted["time_s"]
    pairs = zip(predicted["values"].T, measured.T, strict=True)
    return np.mean([np.corrcoef(p, np.interp(at, times, m))[0, 1] for p, m in pairs])


def score(cutract, run, options, audio, measured):
    """The mean r over all files of a folder, and how many of them cutract warned about."""
    with tempfile.TemporaryDirectory() as out:
        command = [cutract, "predict", run, audio, "--out", out, "--format", "npz", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"levels: {' '.join(command)} failed:\n{done.stderr}")
        r = [pearson(f"{out}/{name}.npz", m) for name, m in measured.items()]
    return f"{np.mean(r):.3f} ({done.stderr.count('unlike the training data')})"


def table(cutract, run, rows, choices):
    print("| recordings | " + " | ".join(" ".join(c) or "default" for c in choices) + " |")
    print("|---" * (len(choices) + 1) + "|")
    measured = {row["id"]: np.load(CORPUS / row["articulation"]) for row in rows}
    for name, change in CONDITIONS.items():
        rng = np.random.default_rng(1)
        with tempfile.TemporaryDirectory() as audio:
            for row in rows:
                write_wav(f"{audio}/{row['id']}.wav", *change(decoded(CORPUS / row["audio"]), rng))
            scores = [score(cutract, run, c, audio, measured) for c in choices]
        print(f"| {name} | " + " | ".join(scores) + " |", flush=True)


def main(cutract, run):
    rows = list(csv.DictReader(open(CORPUS / "manifest.tsv"), delimiter="\t"))
    known = [r for r in rows if r["speaker"] == "spk1" and r["split"] == "test"]
    unknown = [r for r in rows if r["speaker"] == "spk5" and r["split"] == "test_speaker"]
    print("Mean Pearson r over channels and files; in brackets the number of files with a warning.\n")
    print(f"{len(known)} test sentences of spk1, a training speaker:\n")
    table(cutract, run, known, [*CHOICES, ["--speaker", "spk1"]])
    print(f"\n{len(unknown)} sentences of spk5, not a training speaker:\n")
    table(cutract, run, unknown, CHOICES)


if __name__ == "__main__":
    main(*sys.argv[1:])
