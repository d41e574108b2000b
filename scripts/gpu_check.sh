#!/usr/bin/env bash
# Checks cutract on a machine with a GPU, in less than 10 minutes by design: tests, compute-sanitizer, bit-identical reruns, agreement
# with the CPU, a training run and its scores, the bench, the peers, and idle time. Results go to bench/results/GPU-NAME/ step by
# step, so an interrupted run keeps what it has measured. The last line is "N passed, N failed".
#   scripts/gpu_check.sh [--quick] [--only STEP,STEP] [--results DIR] [--minutes N] [BUNDLE]
#   scripts/gpu_check.sh --list        list the steps
#   scripts/gpu_check.sh --emulated    run tiny versions of the steps on the emulated GPU, only to test this script
# Builds preset cuda for the GPU of this machine, unless it is given a BUNDLE (scripts/bundle.sh) or runs inside one.
set -euo pipefail
here() (cd "$called_from" && realpath -m "$1")
called_from=$PWD
cd "$(dirname "$0")/.."
arguments=() bundle='' preset=cuda results=''
while [ $# -gt 0 ]; do
  case $1 in
    --emulated) preset=emulated arguments+=("$1") ;;
    --list | --self-test) exec python3 -B scripts/gpu_check.py "$1" ;;
    --quick) arguments+=("$1") ;;
    --results) results=$(here "${2:?--results: expected a folder}") && shift ;;
    --only | --minutes) arguments+=("$1" "${2:?$1: expected a value}") && shift ;;
    -*) echo "gpu_check: $1: expected --quick, --only, --results, --minutes, --list or --emulated" >&2 && exit 2 ;;
    *) bundle=$(here "$1") ;;
  esac
  shift
done
results=${results:-$PWD/bench/results}

if [ -n "$bundle" ]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  tar -C "$folder" -xf "$bundle"
  "$folder/cutract/scripts/gpu_check.sh" --results "$results" "${arguments[@]}"
  exit
fi
if [ -d programs ]; then
  binaries=$PWD/bin
else
  binaries=$PWD/build/$preset
  architecture=() targets=(--target cutract cutract_bench tests_{kernels,simt,features,nn,train})
  if [ "$preset" = cuda ]; then
    capability=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d .)
    [ "$capability" = 90 ] && capability=90a # the same architecture as in a build without a known GPU
    binaries+=-sm$capability
    targets=()
    architecture=(-B "$binaries" "-DCMAKE_CUDA_ARCHITECTURES=$capability-real")
  fi
  if ! log=$(cmake --preset "$preset" "${architecture[@]}" 2>&1 && cmake --build "$binaries" "${targets[@]}" 2>&1); then
    tail -n 30 <<<"$log" >&2
    echo "gpu_check: this machine cannot build preset $preset; make a bundle on another machine (scripts/bundle.sh) and pass it here" >&2
    exit 1
  fi
fi
exec python3 -B scripts/gpu_check.py --binaries "$binaries" --results "$results" "${arguments[@]}"
