#!/usr/bin/env bash
# Packs everything that scripts/gpu_check.sh needs into one file, for a GPU machine where nothing can be installed. The bundle
# contains the programs (for sm_80, sm_90a and, as PTX, later GPUs), their libraries except glibc and CUDA's, data, scripts,
# and a MANIFEST with the commit and the SHA-256 of every file. Builds preset cuda first.
#   scripts/bundle.sh [OUT]      a folder, or a file that ends in .tar.xz; default: build/cutract-COMMIT.tar.xz
# On the other machine, unpack the bundle and run scripts/gpu_check.sh or any bin/NAME inside. Its glibc must be at least as new
# as this machine's.
set -euo pipefail
cd "$(dirname "$0")/.."
commit=$(git rev-parse HEAD)
git diff --quiet HEAD || commit+=" with changes"
out=${1:-build/cutract-${commit:0:12}.tar.xz}
build=build/cuda
scripts/build.sh cuda >&2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/cutract
mkdir -p "$root"/{bin,lib,programs,scripts,bench/peers,tests/train,data}

programs=("$build"/cli/cutract "$build"/bench/cutract_bench)
for optional in "$build"/bench/{cutract_cudnn_peer,libcutract_gpu_trace.so}; do
  [ -f "$optional" ] && programs+=("$optional")
done
for tests in kernels simt features nn train; do programs+=("$build/tests/$tests/tests_$tests"); done
cp "${programs[@]}" "$root/programs/"
strip --strip-unneeded "$root"/programs/*

# glibc is taken from the system. CUDA's libraries must match the driver; the launcher finds them.
not_ours='^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|mvec)|lib(cuda|cudart|cublas|cublasLt|cufft|cudnn|cupti|nvJitLink|nvrtc)[a-z_]*)\.so'
ldd "${programs[@]}" | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | sort -u | while read -r name path; do
  [[ $name =~ $not_ours ]] || cp -L "$path" "$root/lib/$name"
done
if missing=$(ldd "${programs[@]}" | grep 'not found'); then
  echo "bundle: library not found: $missing" >&2
  exit 1
fi

cp scripts/launch.sh "$root/bin/.launch"
for program in "$root"/programs/*; do
  case $program in
    *.so) ln -s "../programs/$(basename "$program")" "$root/bin/" ;;
    *) ln -s .launch "$root/bin/$(basename "$program")" ;;
  esac
done
cp scripts/gpu_check.sh scripts/gpu_check.py "$root/scripts/"
cp bench/machine.py "$root/bench/"
cp bench/peers/*.py "$root/bench/peers/"
cp tests/train/read_events.py "$root/tests/train/"
cp -r tests/golden "$root/tests/"
cp -r data/corpus "$root/data/"
cp -r configs LICENSE "$root/"

manifest=$folder/MANIFEST
(cd "$root" && echo "commit $commit" && find . -type f -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' sha256sum) >"$manifest"
mv "$manifest" "$root/"
mkdir -p "$(dirname "$out")"
case $out in
  *.tar.xz) tar -C "$folder" --sort=name --owner=0 --group=0 -cf - cutract | xz -T0 -6 >"$out" ;;
  *) mv "$root" "$out" ;;
esac
echo "$out: $(du -sh "$out" | cut -f1), commit ${commit:0:12}"
