#!/usr/bin/env bash
# Measures how well predict does at other levels, with noise and at 8 kHz, for each choice of feature statistics.
#   bench/levels.sh [RUN]      default: runs/demo, which scripts/demo.sh trains
# Prints Markdown tables, in less than a minute. CUTRACT names the binary (default: that of scripts/build.sh cpu cutract).
set -euo pipefail
cd "$(dirname "$0")/.."
run=${1:-runs/demo}
cutract=${CUTRACT:-build/cpu/cli/cutract}
command -v flac >/dev/null || { echo "levels: needs flac to decode the corpus; install the Debian package flac" >&2; exit 1; }
[ -x "$cutract" ] || { echo "levels: $cutract is missing; run scripts/build.sh cpu cutract" >&2; exit 1; }
[ -e "$run" ] || { echo "levels: $run does not exist; train one with scripts/demo.sh, or name another model" >&2; exit 1; }
exec python3 -B bench/levels.py "$cutract" "$run"
