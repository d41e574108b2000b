#!/usr/bin/env bash
# Trains with the setup of an earlier project's report: 18 epochs over 50 utterances of 2,481 frames (batch 8, 80 mels,
# 2 x 128 Bi-LSTM, 14 channels), from audio on disk to the last checkpoint, with the binary that users run.
#   bench/report_training.sh [--epochs N] [--threads N]
# Prints seconds, frames/s and peak memory beside their targets; all measurements also go to a file under
# bench/results/.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh cpu cutract cutract_report_corpus >&2
exec python3 -B bench/report_training.py "$@"
