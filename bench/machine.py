"""What every result file records: the machine, the commit and the date. Results go to bench/results/<machine>/."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def said(*command):
    """The output of a command; "" if the command is missing or fails."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def cores():
    return len(os.sched_getaffinity(0))


def commit():
    """The commit of the tree, or of the build in a bundle (scripts/bundle.sh), and whether there are later changes."""
    manifest = ROOT / "MANIFEST"
    if manifest.exists():
        _, name, *changes = manifest.read_text().partition("\n")[0].split(" ")
        return name, bool(changes)
    return said("git", "rev-parse", "HEAD"), bool(said("git", "status", "--porcelain", "--untracked-files=no"))


def slug(label):
    return re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")


def facts(threads):
    name, changed = commit()
    cpu = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        cpu.setdefault(key.strip(), value.strip())
    return {
        "commit": name,
        "uncommitted_changes": changed,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu.get("model name", platform.processor()),
        "cpu_family_model": f"{cpu.get('cpu family', '?')}/{cpu.get('model', '?')}",
        "cores": cores(),
        "cpu_flags": cpu.get("flags", ""),
        "isa_asked_for": os.environ.get("CUTRACT_ISA", ""),
        "load_average": pathlib.Path("/proc/loadavg").read_text().split()[0],
        "gpu": said("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"),
        "compiler": said("c++", "--version").partition("\n")[0],
        "threads": threads,
    }


def save(name, result, device="cpu"):
    """Writes bench/results/<machine>/<name>-<date>.json and returns its path. CUTRACT_RESULTS names another folder."""
    machine = result["machine"]
    gpu = machine["gpu"].split(",")[0] or "emulated GPU"
    label = gpu if device == "cuda" else f"{machine['cpu']} {machine['cores']} cores"
    folder = pathlib.Path(os.environ.get("CUTRACT_RESULTS", ROOT / "bench/results")) / slug(label)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{machine['date'][:19].replace(':', '')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
