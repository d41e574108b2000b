#!/usr/bin/env bash
# Runs the scripts of a folder of reported faults, each of which makes its own input, uses the binary as a user would, prints "ok" or
# "FAULT" and exits with 0 or 1. The folder is not part of the repository; where it is absent this says so and succeeds.
#   scripts/cases.sh [FOLDER]      default: ../shared/cases; needs preset cpu built
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-../shared/cases}
if [ ! -d "$folder" ]; then
  echo "cases: skipped, there is no folder $folder"
  exit 0
fi
scripts/install_deps.sh flac # some of the scripts make FLAC files
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export REPO=$PWD CUTRACT=$PWD/build/cpu/cli/cutract RUN=$scratch/run
"$CUTRACT" train -c configs/baseline.toml --set trainer.max_epochs=4 --out "$RUN" -q
passed=0
failed=0
for script in "$folder"/[0-9]*.sh "$folder"/[0-9]*.py; do
  case "$script" in *.py) with=python3 ;; *) with=bash ;; esac
  if timeout 300 "$with" "$script" >"$scratch/out" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "$(basename "$script"):"
    grep FAULT "$scratch/out" || tail -5 "$scratch/out"
  fi
done
echo "cases: $passed ok, $failed at fault"
[ "$failed" -eq 0 ]
