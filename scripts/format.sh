#!/usr/bin/env bash
# Formats the C++ and CUDA sources by .clang-format, or with --check fails if one is not formatted.
#   scripts/format.sh [--check] [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
check=()
if [ "${1:-}" = --check ]; then
  check=(--dry-run -Werror)
  shift
fi
command -v clang-format >/dev/null || scripts/install_deps.sh clang-format
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files '*.h' '*.cpp' '*.cu' '*.cuh')
else
  files=("$@")
fi
clang-format "${check[@]:--i}" "${files[@]}"
