#!/usr/bin/env bash
# Our rates beside those of oneDNN or cuDNN, PyTorch, torchaudio and librosa, on this machine, in turn: A B A B ...
#   bench/peers/compare.sh [--device cpu|cuda] [--quick] [--threads N] [--only PART-OF-A-ROW]
# A Markdown table on stdout; everything measured goes to a file under bench/results/. Peers that are not installed are
# named, with the way to get them. CUTRACT_PEERS_PYTHON: the Python that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=cpu peer=cutract_onednn_peer
case " $* " in *" --device cuda "* | *" --device=cuda "*) preset=cuda peer=cutract_cudnn_peer ;; esac
scripts/build.sh "$preset" cutract_bench >&2
scripts/build.sh "$preset" "$peer" >&2 || true # without the peer's library there is no such target; the table says so
exec python3 -B bench/peers/compare.py "$@"
