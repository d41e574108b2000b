#!/usr/bin/env bash
# Runs clang-tidy on the sources of the libraries and the program; .clang-tidy lists the checks. Needs build/cpu to be configured.
#   scripts/tidy.sh [FILE...]
#   scripts/tidy.sh --self-test     checks that bugs planted in a source file and in a header are found
# Three things make it fast. A plugin (scripts/own_code.cpp) keeps the checks out of system headers, where no finding is
# shown. The analyzer stops exploring a function at 75,000 states, the limit of its shallow mode, instead of 225,000. And
# it does not follow calls of function templates, most of which are the standard library's. CUTRACT_TIDY_STATES=225000
# explores as far as clang does by default, and follows those calls.
set -euo pipefail
cd "$(dirname "$0")/.."
tidy=clang-tidy-16 # Debian's default version, 14, lacks std::source_location
states=${CUTRACT_TIDY_STATES:-75000}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

scripts/install_deps.sh "$tidy" libclang-16-dev llvm-16-dev >/dev/null
plugin=build/tidy/own_code.so
if [ ! "$plugin" -nt scripts/own_code.cpp ]; then
  mkdir -p build/tidy
  g++ -std=c++17 -O1 -fPIC -shared -fno-rtti -I/usr/lib/llvm-16/include -o "$plugin" scripts/own_code.cpp
fi
options=(--load="$PWD/$plugin" --quiet)
config=max-nodes=$states
[ -n "${CUTRACT_TIDY_STATES:-}" ] || config+=,c++-template-inlining=false
for word in -Xclang -analyzer-config -Xclang "$config"; do options+=(--extra-arg="$word"); done

# The plugin must not hide a finding: each kind of check finds its bug in a source file and in one of our headers.
self_test() {
  mkdir -p "$scratch/host/core"
  cp .clang-tidy "$scratch"
  cat >"$scratch/host/core/planted.h" <<'EOF'
#pragma once
#include <string>
inline int in_a_header(std::string taken) { return static_cast<int>(taken.size()); }
EOF
  cat >"$scratch/host/core/planted.cpp" <<'EOF'
#include "planted.h"

#include <memory>
#include <utility>
#include <vector>
using std::pair;
int moved() {
  std::string s(100, 'x');
  const std::string t = std::move(s);
  return static_cast<int>(t.size() + s.size());
}
int null(bool b) {
  int* p = b ? new int(1) : 0;
  const int i = *p;
  delete p;
  return i;
}
bool empty(const std::vector<int>& v) { return v.size() == 0; }
EOF
  local found want
  found=$("$tidy" "${options[@]}" "$scratch/host/core/planted.cpp" -- -std=c++20 2>/dev/null |
    grep -o '\[[a-zA-Z.-]*,-warnings-as-errors\]$' | tr -d '[]' | sed 's/,.*//' | sort -u | tr '\n' ' ' || true)
  want="bugprone-use-after-move clang-analyzer-core.NullDereference clang-analyzer-cplusplus.Move \
misc-unused-using-decls modernize-use-nullptr performance-unnecessary-value-param readability-container-size-empty "
  [ "$found" = "$want" ] || {
    echo "clang-tidy: of the planted bugs it found: ${found:-none}; expected: $want" >&2
    exit 1
  }
}

self_test
if [ "${1:-}" = --self-test ]; then
  echo "clang-tidy: finds all planted bugs"
  exit 0
fi
sed -E 's/ -W[a-z=-]+//g; s/ -fno-trapping-math//g' build/cpu/compile_commands.json >"$scratch/compile_commands.json" # removes flags that only gcc knows
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files 'host/*.cpp' 'kernels/*.cpp' 'features/*.cpp' 'eval/*.cpp' 'nn/*.cpp' 'model/*.cpp' 'train/*.cpp' 'cli/*.cpp')
else
  files=("$@")
fi
mapfile -t known < <(grep -o "\"file\": \"[^\"]*" "$scratch/compile_commands.json" | sed 's/.*"//')
run=()
for f in "${files[@]}"; do # .cpp files of other presets are not in this database
  for k in "${known[@]}"; do [ "$k" = "$PWD/$f" ] && run+=("$f"); done
done
printf '%s\n' "${run[@]}" | xargs -P "${CTEST_PARALLEL_LEVEL:-$(nproc)}" -n 1 "$tidy" "${options[@]}" -p "$scratch"
echo "clang-tidy: ${#run[@]} files, no findings"
