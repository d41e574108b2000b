#!/usr/bin/env bash
# Shows that the tests can fail: arms each planted bug in turn and checks that its tests fail.
#
#   cmake --preset plant && cmake --build --preset plant && tests/planted.sh [BUILD_FOLDER]
#
# tests/planted.tsv has one line per bug and test: name of the bug, test binary, filter of the test that must fail. A bug
# may have several lines. Every name in the sources must be listed. Exit code 1 if a test misses its bug.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
build=${1:-$root/build/plant}
table=${PLANTED_TABLE:-$root/tests/planted.tsv}
passed=0 failed=0

say() { # verdict, text
  printf '%-6s %s\n' "$1" "$2"
  if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

if ! grep -q '^CUTRACT_PLANT:BOOL=ON$' "$build/CMakeCache.txt" 2>/dev/null; then
  echo "$build: built without planted bugs, expected a build with -DCUTRACT_PLANT=ON (preset plant)" >&2
  exit 2
fi

# Runs one test binary; leaves its output in $output and its exit code in $code.
run_test() { # plant, binary, filter
  local binary
  binary=$(find "$build" -type f -name "$2" -perm -u+x | head -n 1)
  if [ -z "$binary" ]; then
    output="no test binary $2 under $build" code=127
    return
  fi
  output=$(CUTRACT_PLANT=$1 timeout 300 "$binary" --gtest_filter="$3" 2>&1)
  code=$?
}

rows=$(grep -v -e '^#' -e '^[[:space:]]*$' "$table")

# A test that matches nothing, or that fails even without the bug, proves nothing.
while read -r binary filter; do
  run_test "" "$binary" "$filter"
  if [ $code -eq 0 ] && grep -q '^\[  PASSED  \] [1-9]' <<<"$output"; then
    say ok "$binary $filter passes without a bug"
  else
    say FAILED "$binary $filter does not pass without a bug (exit $code): $(tail -n 1 <<<"$output")"
  fi
done < <(awk '{print $2, $3}' <<<"$rows" | sort -u)

# The test must fail by an assertion: any test would notice a crash or a timeout.
while read -r name binary filter; do
  run_test "$name" "$binary" "$filter"
  if [ $code -eq 1 ] && grep -q '^\[  FAILED  \]' <<<"$output"; then
    say ok "$name is caught by $filter"
  else
    say FAILED "$name: $filter exited with $code, expected a failed assertion (1)"
  fi
done <<<"$rows"

in_code=$(grep -rhoE 'CUTRACT_PLANTED\("[a-z0-9_]+"\)' --include='*.cpp' --include='*.h' --include='*.cu' --include='*.cuh' \
  "$root"/{host,kernels,features,eval,nn,model,train,cli} | grep -oE '"[^"]+"' | tr -d '"' | sort -u)
in_table=$(awk '{print $1}' <<<"$rows" | sort -u)
for name in $(comm -23 <(echo "$in_code") <(echo "$in_table")); do
  say FAILED "$name is planted in the sources, but $(basename "$table") names no test for it"
done
for name in $(comm -13 <(echo "$in_code") <(echo "$in_table")); do
  say FAILED "$name is listed, but not planted in the sources"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
