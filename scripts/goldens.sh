#!/usr/bin/env bash
# Computes the golden files of tests/golden again with PyTorch, torchaudio, librosa, soxr and scipy, and compares them with those in
# the tree; then loads a model that cutract trains into PyTorch (tests/train/load_in_torch.py). Needs preset cpu built.
#   scripts/goldens.sh         installs Debian's PyTorch, and the rest from PyPI into .venv
# Ends with "N passed, N failed". Without PyPI it says so and succeeds.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install_deps.sh python3-venv python3-torch python3-torchaudio python3-scipy
venv=.venv
if [ ! -x $venv/bin/python ]; then
  /usr/bin/python3 -m venv --system-site-packages $venv
fi
if ! $venv/bin/pip install --quiet --disable-pip-version-check -r tests/golden/requirements.txt; then
  echo "goldens: skipped, PyPI gave none of tests/golden/requirements.txt"
  exit 0
fi
passed=0
failed=0
for check in "tests/golden/make_lstm.py --check" "tests/golden/make_attention.py --check" "tests/golden/make_features.py --check" "tests/golden/make_metrics.py --check" \
  "tests/golden/make_lowpass.py --check" "tests/golden/make_conformer_ops.py --check" \
  "tests/train/load_in_torch.py build/cpu/cli/cutract"; do
  echo "-- $check"
  # shellcheck disable=SC2086 # two words
  if $venv/bin/python $check; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
