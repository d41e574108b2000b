#!/usr/bin/env bash
# Configures and builds one preset: scripts/build.sh [cpu|cuda|emulated|emulated-clang|emulated-asan|asan|tsan|fuzz|plant] [target...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-cpu}
shift || true
launcher=$(command -v ccache || true)
# Names files relative to this clone, so that ccache serves every clone of the machine and every preset from one cache.
export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$PWD} CCACHE_NOHASHDIR=1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" -DCMAKE_CXX_COMPILER_LAUNCHER="$launcher" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
grep '^-- cutract:' "$log" | sed 's/^-- //' || true
cmake --build --preset "$preset" ${1:+--target "$@"}
