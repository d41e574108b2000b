#!/usr/bin/env bash
# Builds the wheel of the Python package, installs it into a clean environment and runs python/tests.
#   scripts/python.sh [PYTEST_ARGUMENT...]          links the library of preset cpu, which is built first
#   scripts/python.sh whole [PYTEST_ARGUMENT...]    compiles the library again, as `pip wheel ./python` does for a user
# Ends with "N passed, N failed". Without PyPI it says so and succeeds. The tests with PyTorch run in a second environment that sees
# Debian's python3-torch; without that package, which is large and not installed here, they are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
whole=false
if [ "${1:-}" = whole ]; then
  whole=true
  shift
fi
scripts/install_deps.sh python3-venv python3-dev
work=build/python
rm -rf "$work"
mkdir -p "$work"
options=()
if ! $whole; then
  scripts/build.sh cpu cutract cutract_library cutract_pages
  cmake --install build/cpu --prefix "$work/prefix" >/dev/null
  options=(--config-settings=cmake.define.CUTRACT_PREFIX="$PWD/$work/prefix")
fi

/usr/bin/python3 -m venv "$work/builder"
if ! "$work/builder/bin/pip" install --quiet --disable-pip-version-check --upgrade pip scikit-build-core nanobind ninja; then
  echo "python: skipped, PyPI gave none of pip, scikit-build-core, nanobind and ninja"
  exit 0
fi
launcher=$(command -v ccache || true)
options+=(--config-settings=build-dir="$PWD/$work/cmake" --config-settings=cmake.define.CMAKE_CXX_COMPILER_LAUNCHER="$launcher")
"$work/builder/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$work/wheel" ./python "${options[@]}"

# The environment of a user: nothing but the wheel and what it depends on. The other one also sees Debian's packages.
passed=0
failed=0
count() { # KIND LOG: the number in pytest's last line
  { grep -oE "[0-9]+ $1" "$2" || echo 0; } | tail -1 | grep -oE '^[0-9]+'
}
for kind in clean debian; do
  more=()
  tests=(python/tests)
  if [ "$kind" = debian ]; then
    if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
      echo "python: the tests with PyTorch are skipped, /usr/bin/python3 has no torch (scripts/install_deps.sh python3-torch)"
      continue
    fi
    more=(--system-site-packages)
    tests=(python/tests/test_torch.py python/tests/test_package.py)
  fi
  /usr/bin/python3 -m venv "${more[@]}" "$work/$kind"
  "$work/$kind/bin/pip" install --quiet --disable-pip-version-check "$work"/wheel/cutract-*.whl pytest
  # -P: the tests must not find the package in the source tree.
  "$work/$kind/bin/python" -P -m pytest -q -p no:cacheprovider "${tests[@]}" "$@" | tee "$work/$kind.log" || true
  good=$(count passed "$work/$kind.log")
  bad=$(($(count failed "$work/$kind.log") + $(count 'errors?' "$work/$kind.log")))
  if [ $((good + bad)) -eq 0 ]; then # it did not even start
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
