#!/usr/bin/env bash
# Installs dependencies, builds, and runs every test that needs no GPU. The last line gives the totals.
#   scripts/test.sh          the suite, then planted bugs, sanitizers and, with a CUDA 13 toolkit, the CUDA build
#   scripts/test.sh quick    the suite only
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
scripts/install_deps.sh
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

suite() { # preset, then options of ctest; a failure ends the script after the failed tests are shown
  ctest --preset "$@" | tee -a "$log"
}

scripts/build.sh cpu
echo "== the suite"
suite cpu
if [ "$what" = all ]; then
  # The suite above used the widest instructions of this CPU. A CPU with fewer of them computes in another order, in our
  # ops (CUTRACT_ISA) and in OpenBLAS (OPENBLAS_CORETYPE) alike, so the bounds must hold there too.
  for lesser in avx2:Haswell portable:Nehalem; do
    isa=${lesser%:*}
    core=${lesser#*:}
    echo "== numeric suites with CUTRACT_ISA=$isa and OPENBLAS_CORETYPE=$core"
    if CUTRACT_ISA=$isa build/cpu/cli/cutract doctor >/dev/null; then
      CUTRACT_ISA=$isa OPENBLAS_CORETYPE=$core suite cpu -R '^tests_(kernels|features|train)[.]'
    else
      echo "skipped, for the reason given above"
    fi
  done
  echo "== reported faults, where their scripts are present"
  scripts/cases.sh
  echo "== clang-tidy"
  scripts/tidy.sh
  echo "== planted bugs: each must be caught"
  scripts/build.sh plant
  tests/planted.sh build/plant | tee -a "$log"
  echo "== address and undefined-behaviour sanitizers"
  scripts/build.sh asan
  suite asan
  echo "== the GPU code on the emulated GPU, without and with sanitizers"
  on_the_gpu='emulated|OnTheGpu|OnAGpu|OnTheEmulator|Memory|Schedules|^tests_simt[.]'
  for preset in emulated emulated-asan; do
    scripts/build.sh $preset tests_core tests_kernels tests_simt tests_features tests_train
    suite $preset -R "$on_the_gpu"
  done
  echo "== the same, built with clang"
  scripts/install_deps.sh clang-16
  scripts/build.sh emulated-clang tests_kernels tests_simt
  suite emulated-clang -R '^tests_simt[.]|(LstmCluster|LstmPersistent|Loss|SumSquares|Dropout).*emulated'
  echo "== thread sanitizer: code that runs on several threads"
  scripts/build.sh tsan tests_core tests_kernels tests_features tests_train
  suite tsan -R '^tests_(core|kernels|features|train)[.]'
  if nvcc --version 2>/dev/null | grep -q 'release 1[3-9]'; then
    echo "== CUDA build (compiled and linked; tests that need a GPU are skipped)"
    scripts/build.sh cuda
    suite cuda -R '^(tests_core|tests_kernels|tests_simt|rules)'
  else
    echo "== CUDA build: skipped, this machine has no CUDA 13 toolkit"
  fi
fi

if [ "$what" = all ]; then
  echo "== every test that was built has been selected"
  python3 tests/rules/every_test_runs.py "$log" build/*/
fi

# This line is reached only if nothing failed.
awk '/tests passed, 0 tests failed out of/ { run += $NF }
     /\(Skipped\)$/ { skipped++ }
     /^[0-9]+ passed, 0 failed$/ { planted += $1 }
     END { printf "%d passed, 0 failed, %d skipped (no GPU, or for the reason each test gave)\n", run - skipped + planted, skipped }' "$log"
