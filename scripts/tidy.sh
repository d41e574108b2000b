#!/usr/bin/env bash
# clang-tidy over every source that is not a test; .clang-tidy says what it looks for. Needs build/cpu configured.
#   scripts/tidy.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."
tidy=clang-tidy-16 # Debian's default, 14, has no std::source_location
command -v "$tidy" >/dev/null || scripts/install_deps.sh "$tidy"
database=$(mktemp -d)
trap 'rm -rf "$database"' EXIT
sed -E 's/ -W[a-z=-]+//g; s/ -fno-trapping-math//g' build/cpu/compile_commands.json >"$database/compile_commands.json" # gcc's own flags
if [ $# -eq 0 ]; then
  mapfile -t files < <(git ls-files 'host/*.cpp' 'kernels/*.cpp' 'features/*.cpp' 'train/*.cpp' 'eval/*.cpp' 'cli/*.cpp')
else
  files=("$@")
fi
mapfile -t known < <(grep -o "\"file\": \"[^\"]*" "$database/compile_commands.json" | sed 's/.*"//')
run=()
for f in "${files[@]}"; do # a .cpp of another preset is not in this database
  for k in "${known[@]}"; do [ "$k" = "$PWD/$f" ] && run+=("$f"); done
done
printf '%s\n' "${run[@]}" | xargs -P "${CTEST_PARALLEL_LEVEL:-$(nproc)}" -n 1 "$tidy" -p "$database" --quiet
echo "clang-tidy: ${#run[@]} files, no findings"
