#!/usr/bin/env bash
# Runs the tests in random order again and again: a test that depends on another one, or on chance, fails sooner or later.
#   scripts/shuffle.sh [ROUNDS]        rounds for each test binary (default 100); needs preset cpu built
# Prints a line for each binary, keeps the output of failures, and ends with "N passed, N failed", counted in rounds.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-100}
passed=0
failed=0
scratch=$(mktemp -d)
for binary in build/cpu/tests/*/tests_*; do
  [ -f "$binary" ] && [ -x "$binary" ] || continue
  bad=0
  for ((seed = 1; seed <= rounds; ++seed)); do
    if "$binary" --gtest_shuffle --gtest_random_seed="$seed" --gtest_brief=1 >"$scratch/out" 2>&1; then
      passed=$((passed + 1))
    else
      bad=$((bad + 1))
      cp "$scratch/out" "$scratch/$(basename "$binary")-seed$seed"
    fi
  done
  failed=$((failed + bad))
  echo "$(basename "$binary"): $rounds rounds, $bad with failures"
done
[ "$failed" -eq 0 ] || echo "outputs of the failures: $scratch/tests_*-seed*; run one again with --gtest_shuffle --gtest_random_seed=SEED"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
