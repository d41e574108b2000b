"""What a result must carry: the machine, the commit, the date; and where results lie (bench/results/<machine>/)."""

import datetime
import json
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def said(*command):
    """The output of a command; "" if it is not there or fails."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def facts(threads):
    cpu = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        cpu.setdefault(key.strip(), value.strip())
    return {
        "commit": said("git", "rev-parse", "HEAD"),
        "uncommitted_changes": bool(said("git", "status", "--porcelain", "--untracked-files=no")),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu.get("model name", platform.processor()),
        "cpu_family_model": f"{cpu.get('cpu family', '?')}/{cpu.get('model', '?')}",
        "cores": int(said("nproc") or 1),
        "cpu_flags": cpu.get("flags", ""),
        "isa_asked_for": os.environ.get("CUTRACT_ISA", ""),
        "load_average": pathlib.Path("/proc/loadavg").read_text().split()[0],
        "gpu": said("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"),
        "compiler": said("c++", "--version").partition("\n")[0],
        "threads": threads,
    }


def save(name, result, device="cpu"):
    """Writes bench/results/<machine>/<name>-<date>.json and returns its path."""
    machine = result["machine"]
    label = machine["gpu"].split(",")[0] if device == "cuda" else f"{machine['cpu']} {machine['cores']} cores"
    slug = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    folder = ROOT / "bench/results" / slug
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{machine['date'][:19].replace(':', '')}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path.relative_to(ROOT)
