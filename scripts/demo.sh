#!/usr/bin/env bash
# Takes a fresh Debian 12 to a trained, scored model: installs dependencies, builds, trains the baseline on the corpus that ships
# with cutract, scores it on unseen sentences, and predicts the articulation of one recording. A second run reuses the trained model.
#   scripts/demo.sh [RUN-FOLDER]      default: runs/demo
set -euo pipefail
cd "$(dirname "$0")/.."
run=${1:-runs/demo}

scripts/install_deps.sh
scripts/build.sh cpu cutract
cutract=build/cpu/cli/cutract

echo
echo "== train: speech to articulation, 2 x 128 Bi-LSTM (one to two minutes)"
"$cutract" train -c configs/baseline.toml --out "$run"

echo
echo "== eval: sentences not seen in training"
"$cutract" eval "$run" --json "$run/test.json" --report "$run"

audio=$(awk -F'\t' 'NR > 1 && $3 == "test" {print "data/corpus/" $4; exit}' data/corpus/manifest.tsv)
echo
echo "== predict: $audio"
"$cutract" predict "$run" "$audio" --out "$run/predictions"
head -3 "$run/predictions/$(basename "${audio%.*}").csv" | cut -c1-76

echo
echo "model        $run/best/model.safetensors"
echo "curves       $run/report.html (open it in a browser; data: $run/metrics.csv)"
echo "scores       $run/eval-test.html (data: $run/test.json)"
printf 'your audio   %s predict %q YOUR.wav --out -\n' "$cutract" "$run"
