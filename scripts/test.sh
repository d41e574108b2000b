#!/usr/bin/env bash
# Installs, builds and runs every test that needs no GPU. Ends with ctest's own count.
#   scripts/test.sh          all: the suite, the suite under sanitizers, the planted bugs, the CUDA build if nvcc is there
#   scripts/test.sh quick    the suite alone
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
scripts/install_deps.sh
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}

scripts/build.sh cpu
if [ "$what" = all ]; then
  echo "== planted bugs: each must be caught"
  scripts/build.sh plant
  tests/planted.sh build/plant
  echo "== address and undefined-behaviour sanitizers"
  scripts/build.sh asan
  ctest --preset asan
  echo "== thread sanitizer"
  scripts/build.sh tsan
  ctest --preset tsan
  if command -v nvcc >/dev/null; then
    echo "== CUDA build (compiled and linked, not run)"
    scripts/build.sh cuda
  else
    echo "== CUDA build: skipped, there is no nvcc on this machine"
  fi
fi
echo "== the suite"
ctest --preset cpu
