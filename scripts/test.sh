#!/usr/bin/env bash
# Installs dependencies, builds, and runs every test that needs no GPU. The last line gives the totals.
#   scripts/test.sh          the suite, then planted bugs, sanitizers and, with a CUDA 13 toolkit, the CUDA build
#   scripts/test.sh quick    the suite only
#   scripts/test.sh --stage TEXT    only the stages whose names contain TEXT, e.g. --stage clang-tidy; the stages that they need must have
#                                   been run before
set -euo pipefail
cd "$(dirname "$0")/.."
what=all only=""
case "${1:-all}" in
all | quick) what=${1:-all} ;;
--stage) only=${2:?expected a part of the name of a stage} ;;
*)
  echo "test.sh: unknown argument $1; expected quick or --stage TEXT" >&2
  exit 2
  ;;
esac
log=$(mktemp)
stages=$(mktemp)
trap 'rm -f "$log" "$stages"' EXIT

# Names the stage that begins, and notes the time for the table of minutes at the end. False: it is not to run.
stage() {
  [[ $1 == *"$only"* ]] || return 1
  echo "== $1"
  echo "$SECONDS $1" >>"$stages" || exit 1
}

suite() { # preset, then options of ctest; a failure ends the script after the failed tests are shown
  ctest --preset "$@" | tee -a "$log"
}

export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-$(nproc)}
if stage "dependencies"; then
  scripts/install_deps.sh
fi
if stage "build of preset cpu"; then
  scripts/build.sh cpu
fi
if stage "the suite"; then
  suite cpu
fi
if [ "$what" = all ]; then
  # The suite above used the widest instructions of this CPU. A CPU with fewer of them computes in another order, in our
  # ops (CUTRACT_ISA) and in OpenBLAS (OPENBLAS_CORETYPE) alike, so the bounds must hold there too.
  for lesser in avx2:Haswell portable:Nehalem; do
    isa=${lesser%:*}
    core=${lesser#*:}
    if stage "numeric suites with CUTRACT_ISA=$isa and OPENBLAS_CORETYPE=$core"; then
      if CUTRACT_ISA=$isa build/cpu/cli/cutract doctor >/dev/null; then
        CUTRACT_ISA=$isa OPENBLAS_CORETYPE=$core suite cpu -R '^tests_(kernels|features|nn|model|train)[.]'
      else
        echo "skipped, for the reason given above"
      fi
    fi
  done
  if stage "reported faults, where their scripts are present"; then
    scripts/cases.sh
  fi
  if stage "golden files made anew, and a model file in PyTorch"; then
    scripts/goldens.sh | tee -a "$log"
  fi
  if stage "the Python package: wheel, clean environment, tests"; then
    scripts/python.sh | tee -a "$log"
  fi
  if stage "formatting"; then
    scripts/format.sh --check
  fi
  if stage "clang-tidy"; then
    scripts/tidy.sh
  fi
  # The planted bugs are in this build, each doing nothing until it is armed, so the emulated GPU needs no build of its own. Its flags are
  # those of preset cpu, so that the compiler cache gives it the objects that do not differ.
  # Other test binaries run on the emulated GPU with the sanitizers below.
  catching=$(awk '!/^#/ && NF { print $2 }' tests/planted.tsv | sort -u)
  if stage "build of preset plant: the tests that catch planted bugs, and those of the GPU code"; then
    # shellcheck disable=SC2086 # a list of targets
    scripts/build.sh plant $catching tests_simt tests_device
  fi
  if stage "the GPU code on the emulated GPU"; then
    built=$(tr '\n' '|' <<<"$catching")tests_device # and not what an earlier, whole build has left
    suite plant -R "^tests_simt[.]|^($built)[.].*(emulated|OnTheGpu|OnAGpu|OnTheEmulator|Memory|Schedules)"
  fi
  if stage "planted bugs: each must be caught"; then
    tests/planted.sh build/plant | tee -a "$log"
  fi
  if stage "build of preset emulated-asan"; then
    scripts/build.sh emulated-asan
  fi
  if stage "the suite, and the GPU code on the emulated GPU, under address and undefined-behaviour sanitizers"; then
    suite emulated-asan
  fi
  if stage "the GPU code on the emulated GPU, built with clang"; then
    scripts/install_deps.sh clang-16
    scripts/build.sh emulated-clang tests_kernels tests_simt
    suite emulated-clang -R '^tests_simt[.]|(LstmCluster|LstmPersistent|Loss|SumSquares|Dropout).*emulated'
  fi
  if stage "thread sanitizer: code that runs on several threads"; then
    scripts/build.sh tsan tests_core tests_device tests_kernels tests_features tests_nn tests_run tests_train
    suite tsan -R '^tests_(core|device|kernels|features|nn|run|train)[.]'
  fi
  if stage "CUDA build (compiled and linked; tests that need a GPU are skipped)"; then
    if nvcc --version 2>/dev/null | grep -q 'release 1[3-9]'; then
      scripts/build.sh cuda cutract cutract_bench tests_core tests_device tests_kernels tests_simt
      suite cuda -R '^(tests_core|tests_device|tests_kernels|tests_simt|rules)'
    else
      echo "skipped, this machine has no CUDA 13 toolkit"
    fi
  fi
  if [ -z "$only" ] && stage "every test that was built has been selected"; then
    python3 tests/rules/every_test_runs.py "$log" build/*/
  fi
fi

# What follows is reached only if nothing failed.
[ -s "$stages" ] || {
  echo "test.sh: no stage has \"$only\" in its name" >&2
  exit 2
}
only=""
stage "end"
echo "minutes by stage:"
awk '{ if (NR > 1) printf "%6.1f  %s\n", ($1 - began) / 60, name; began = $1; name = substr($0, length($1) + 2) }
     END { printf "%6.1f  all\n", began / 60 }' "$stages"
[ ! -s "$log" ] || awk '/tests passed, 0 tests failed out of/ { run += $NF }
     /\(Skipped\)$/ { skipped++ }
     /^[0-9]+ passed, 0 failed$/ { planted += $1 }
     END { printf "%d passed, 0 failed, %d skipped (no GPU, or for the reason each test gave)\n", run - skipped + planted, skipped }' "$log"
