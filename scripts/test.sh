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
echo "== the suite"
ctest --preset cpu
if [ "$what" = all ]; then
  echo "== planted bugs: each must be caught"
  scripts/build.sh plant
  tests/planted.sh build/plant
  echo "== address and undefined-behaviour sanitizers"
  scripts/build.sh asan
  ctest --preset asan
  echo "== thread sanitizer: what runs on several threads"
  scripts/build.sh tsan tests_core tests_kernels tests_features tests_train
  ctest --preset tsan -R '^tests_(core|kernels|features|train)[.]'
  if nvcc --version 2>/dev/null | grep -q 'release 1[3-9]'; then
    echo "== CUDA build (compiled and linked; its tests skip what needs a GPU)"
    scripts/build.sh cuda
    ctest --preset cuda -R '^(tests_core|tests_kernels|rules)'
  else
    echo "== CUDA build: skipped, there is no CUDA 13 toolkit on this machine"
  fi
fi
