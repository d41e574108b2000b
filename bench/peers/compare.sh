#!/usr/bin/env bash
# Our rates beside those of oneDNN, PyTorch, torchaudio and librosa, on this machine, in turn: A B A B ...
#   bench/peers/compare.sh [--device cpu|cuda] [--quick] [--threads N] [--only PART-OF-A-ROW]
# A Markdown table on stdout; everything measured goes to a file under bench/results/. Peers that are not installed are
# named, with the way to get them. CUTRACT_PEERS_PYTHON: the Python that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/build.sh cpu cutract_bench >&2
scripts/build.sh cpu cutract_onednn_peer >&2 || true # without libdnnl-dev there is no such target; the table says so
exec python3 -B bench/peers/compare.py "$@"
