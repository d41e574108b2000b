#!/usr/bin/env bash
# Runs clang-tidy on every source file except tests; .clang-tidy lists the checks. Needs build/cpu to be configured.
#   scripts/tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
tidy=clang-tidy-16 # Debian's default version, 14, lacks std::source_location
command -v "$tidy" >/dev/null || scripts/install_deps.sh "$tidy"
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's/ -W[a-z=-]+//g; s/ -fno-trapping-math//g' build/cpu/compile_commands.json >"$database/compile_commands.json" # removes flags that only gcc knows
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files 'host/*.cpp' 'kernels/*.cpp' 'features/*.cpp' 'eval/*.cpp' 'nn/*.cpp' 'model/*.cpp' 'train/*.cpp' 'cli/*.cpp')
else
  files=("$@")
fi
mapfile -t known < <(grep -o "\"file\": \"[^\"]*" "$database/compile_commands.json" | sed 's/.*"//')
run=()
for f in "${files[@]}"; do # .cpp files of other presets are not in this database
  for k in "${known[@]}"; do [ "$k" = "$PWD/$f" ] && run+=("$f"); done
done
printf '%s\n' "${run[@]}" | xargs -P "${CTEST_PARALLEL_LEVEL:-$(nproc)}" -n 1 "$tidy" -p "$database" --quiet
echo "clang-tidy: ${#run[@]} files, no findings"
