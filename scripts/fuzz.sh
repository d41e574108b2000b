#!/usr/bin/env bash
# Feeds random input to every parser of bytes that may come from a stranger (tests/fuzz, docs/fuzzing.md).
#   scripts/fuzz.sh [--seconds N | --hours H] [--jobs N] [TARGET...]
# Builds preset fuzz and runs each target for N seconds (default 60) or H hours, starting from tests/fuzz/seeds and from
# what earlier runs have found. --jobs targets run at a time (default: one). Prints one line for each target. A finding is a crash, a leak, undefined behaviour, an
# exception other than Error, a broken promise of a parser, an input that takes more than 10 s, or one that takes more
# memory than its size allows. Its input is kept, and the exit code is then 1.
#   scripts/fuzz.sh --list             prints the targets
#   scripts/fuzz.sh --seconds 300 npy mat      for example
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "fuzz: $1; see scripts/fuzz.sh --help" >&2
  exit 2
}
number() { [[ $2 =~ ^[1-9][0-9]*$ ]] || usage "$1 needs an integer above 0"; }

mapfile -t all < <(ls tests/fuzz/seeds)
seconds=60
jobs=1
chosen=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h)
      sed -n '2,/^set /p' "$0" | sed '$d; s/^# \{0,1\}//'
      exit 0
      ;;
    --list)
      printf '%s\n' "${all[@]}"
      exit 0
      ;;
    --seconds)
      number --seconds "${2:-}"
      seconds=$2
      shift
      ;;
    --hours)
      number --hours "${2:-}"
      seconds=$(($2 * 3600))
      shift
      ;;
    --jobs)
      number --jobs "${2:-}"
      jobs=$2
      shift
      ;;
    -*) usage "unknown option $1" ;;
    *)
      [ -d "tests/fuzz/seeds/$1" ] || usage "unknown target $1, expected some of: ${all[*]}"
      chosen+=("$1")
      ;;
  esac
  shift
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${all[@]}")

scripts/install_deps.sh clang-16 libclang-rt-16-dev
scripts/build.sh fuzz "${chosen[@]/#/fuzz_}"

# Parsers that take a path get files in memory where there is such a folder.
if [ -w /dev/shm ]; then TMPDIR=$(mktemp -d /dev/shm/cutract-fuzz.XXXXXX); else TMPDIR=$(mktemp -d); fi
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
export ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=1:allocator_may_return_null=0
export UBSAN_OPTIONS=print_stacktrace=1

export seconds root=$PWD/build/fuzz seeds=$PWD/tests/fuzz/seeds

# Runs one target and prints its line. If it has no finding, it leaves the file $TMPDIR/passed.TARGET.
fuzz() {
  local target=$1 corpus=$root/corpus/$1 found=$root/findings/$1 log=$root/$1.log
  local before status=0 result newest
  mkdir -p "$corpus" "$found"
  before=$(find "$found" -type f | wc -l)
  # An input may be as long as the target says; libFuzzer starts small and grows.
  (cd "$TMPDIR" && exec "$root/tests/fuzz/fuzz_$target" "$corpus" "$seeds/$target" -artifact_prefix="$found/" -max_total_time="$seconds" \
    -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1 -verbosity=1) >"$log" 2>&1 || status=$?
  stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
  if [ $status -eq 0 ] && [ "$(find "$found" -type f | wc -l)" -eq "$before" ]; then
    result="passed; heap: $(sed -n 's/^heap: //p' "$log" | tail -1)"
    touch "$TMPDIR/passed.$target"
  else
    result="FAILED: $(grep -m1 -E '^finding: |ERROR: |SUMMARY: |runtime error: ' "$log" || tail -1 "$log")"
    newest=$(ls -t "$found" | head -1)
    result+=$'\n'"  input: ${newest:+$found/$newest}; log: $log"
    result+=$'\n'"  again: build/fuzz/tests/fuzz/fuzz_$target ${newest:+build/fuzz/findings/$target/$newest}"
  fi
  # One call of printf, so that lines of targets that run at the same time do not mix.
  printf '%-20s %10s %8s %8s %7ss %6s  %s\n' "$target" "$(stat number_of_executed_units)" "$(stat average_exec_per_sec)" \
    "$(stat peak_rss_mb)" "$(stat slowest_unit_time_sec)" "$(stat new_units_added)" "$result"
}
export -f fuzz

printf '%-20s %10s %8s %8s %8s %6s  %s\n' target executions exec/s 'peak MB' 'slowest' new result
printf '%s\n' "${chosen[@]}" | xargs -P "$jobs" -I{} bash -c 'set -euo pipefail; fuzz {}' || true
passed=$(find "$TMPDIR" -maxdepth 1 -name 'passed.*' | wc -l)
failed=$((${#chosen[@]} - passed))
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
