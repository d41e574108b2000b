#!/usr/bin/env bash
# Compares our rates with those of oneDNN or cuDNN, PyTorch, torchaudio and librosa on this machine, alternating A B A B
# ...
#   bench/peers/compare.sh [--device cpu|cuda] [--quick] [--threads N] [--only PART-OF-A-ROW]
# Prints a Markdown table on stdout; all measurements go to a file under bench/results/. For peers that are not
# installed, it prints how to get them. CUTRACT_PEERS_PYTHON names the Python that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=cpu peer=cutract_onednn_peer
case " $* " in *" --device cuda "* | *" --device=cuda "*) preset=cuda peer=cutract_cudnn_peer ;; esac
scripts/build.sh "$preset" cutract_bench >&2
scripts/build.sh "$preset" "$peer" >&2 || true # without the peer's library this target does not exist; the table says so
exec python3 -B bench/peers/compare.py "$@"
