#!/usr/bin/env bash
# Installs every Debian package that the build, the tests and the demo need. This is the only list of them. Safe to run again.
#   scripts/install_deps.sh [MORE...]      further packages for one stage of the tests (clang-16, clang-tidy-16)
set -euo pipefail

packages=(
  g++ cmake ninja-build pkg-config git ca-certificates
  libsndfile1-dev libsoxr-dev libmatio-dev libtomlplusplus-dev libcli11-dev libfmt-dev libspdlog-dev
  nlohmann-json3-dev libopenblas-pthread-dev libssl-dev zlib1g-dev libprotobuf-dev protobuf-compiler
  libgtest-dev libbenchmark-dev python3 python3-numpy strace ccache
  "$@"
)

missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install_deps: all ${#packages[@]} packages are installed"
  exit 0
fi
echo "install_deps: installing ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install_deps: needs root. If you cannot install packages, ask an administrator for those listed above, or build on another machine and copy build/cpu/cli/cutract with its libraries." >&2
    exit 1
  fi
  as_root=(sudo env DEBIAN_FRONTEND=noninteractive)
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
