#!/usr/bin/env bash
# Configures and builds one preset: scripts/build.sh [cpu|cuda|asan|tsan|plant] [target...]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-cpu}
shift || true
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake --preset "$preset" "${launcher[@]}" >"/tmp/cutract-configure-$$.log" 2>&1 || { cat "/tmp/cutract-configure-$$.log"; exit 1; }
grep '^-- cutract:' "/tmp/cutract-configure-$$.log" | sed 's/^-- //' || true
rm -f "/tmp/cutract-configure-$$.log"
cmake --build --preset "$preset" ${1:+--target "$@"}
