#!/usr/bin/env bash
# Writes the files of a new op and its rows everywhere (docs/add-an-op.md), so that it builds, its test passes and every rule holds:
#   scripts/new_op.sh layer_norm [FOLDER]     FOLDER: a family in kernels/, e.g. optim; none: kernels/ itself
# The op it writes is y = x + x. Replace that in the op, its oracle and its test, and choose the planted bug.
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:-} folder=${2:-}
if ! [[ $name =~ ^[a-z][a-z0-9]*(_[a-z0-9]+)*$ ]] || [ $# -gt 2 ]; then
  sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
at=kernels${folder:+/$folder}
[ -d "$at" ] || { echo "new_op: $at is not a folder, expected a family of kernels/ or nothing" >&2; exit 2; }
if [ -e "$at/$name.h" ] || [ -e "tests/oracle/$name.h" ] || grep -q "^$name	" tests/coverage.tsv; then
  echo "new_op: an op $name exists already; choose another name" >&2
  exit 2
fi
type=$(sed -E 's/(^|_)([a-z0-9])/\U\2/g' <<<"$name") # LayerNorm
header=$at/$name.h

cat >"$header" <<END
#pragma once

#include "host/core/view.h"
#include "host/device/exec.h"

namespace cutract {

// y = x + x.
struct ${type}Args {
  View<const float, 2> x;  // [N, C]
  View<float, 2> y;        // [N, C] may alias x
};
void $name(Exec&, const ${type}Args&);
void $name(CpuExec&, const ${type}Args&);
void $name(GpuExec&, const ${type}Args&);

}  // namespace cutract
END
cat >"$at/$name.cpp" <<END
#include "$header"

namespace cutract {

void $name(Exec& ex, const ${type}Args& a) {
  expect_shape("$name.y", a.y, a.x.shape);
  std::visit([&](auto& on) { $name(on, a); }, ex);
}

}  // namespace cutract
END
cat >"$at/${name}_cpu.cpp" <<END
#include "host/core/plant.h"
#include "$header"

namespace cutract {

void $name(CpuExec& ex, const ${type}Args& a) {
  ex.parallel(a.x.shape[0], [&](Index n) {
    for (Index c = 0; c < a.x.shape[1]; ++c)
      a.y.row(n)[c] = a.x.row(n)[c] + (CUTRACT_PLANTED("${name}_wrong") ? 0 : a.x.row(n)[c]);
  });
}

}  // namespace cutract
END
cat >"$at/${name}_gpu.cu" <<END
#include "$header"
#include "kernels/simt/simt.cuh"

namespace cutract {
namespace {

constexpr int kBlock = 256;

// One thread owns every (grid size)-th element.
__global__ void __launch_bounds__(kBlock) ${name}_kernel(${type}Args a, Index n) {
  const Index stride = Index(gridDim.x) * kBlock;
  for (Index i = Index(blockIdx.x) * kBlock + threadIdx.x; i < n; i += stride)
    a.y.data[i] = a.x.data[i] + a.x.data[i];
}

}  // namespace

void $name(GpuExec& ex, const ${type}Args& a) {
  launch(ex, "$name", ${name}_kernel, grid_for(a.x.size(), kBlock), kBlock, a, a.x.size());
}

}  // namespace cutract
END
cat >"tests/oracle/$name.h" <<END
#pragma once

#include <vector>

// y = x + x, in double. Shares no code with the code under test.
namespace cutract::oracle {

inline std::vector<double> $name(const std::vector<double>& x) {
  std::vector<double> y;
  for (const double v : x) y.push_back(v + v);
  return y;
}

}  // namespace cutract::oracle
END
cat >"tests/kernels/${name}_test.cpp" <<END
#include "$header"

#include "tests/kernels/on_each_device.h"
#include "tests/oracle/$name.h"
#include "tests/support/support.h"

namespace cutract::test {
namespace {

std::vector<float> run(Exec& ex, const std::vector<float>& x, Index C) {
  const Index N = std::ssize(x) / C;
  Block<float> in(ex, x), out(ex, N * C);
  $name(ex, {in.view<2>({N, C}), out.view<2>({N, C})});
  return out.values();
}

class ${type}Op : public OnEachDevice {};

TEST_P(${type}Op, AgreesWithTheOracle) {
  Rng rng(1);
  for (const Index N : {1, 31, 33, 700})
    for (const Index C : {1, 7, 64}) {
      const std::vector<float> x = rng.normals(N * C);
      EXPECT_REL_L2(run(exec(), x, C), oracle::$name(to_double(x)), 1e-6);
    }
}

TEST_P(${type}Op, TakesNoFrames) { EXPECT_TRUE(run(exec(), {}, 4).empty()); }

TEST_P(${type}Op, SameBitsForAnyThreadCount) {
  Rng rng(2);
  const std::vector<float> x = rng.normals(3000);
  const std::vector<float> one = run(exec(), x, 30);
  for (Exec& other : others()) EXPECT_BITWISE(run(other, x, 30), one);
}

TEST_P(${type}Op, WrongShapesAreNamed) {
  Block<float> x(exec(), Index{6}), y(exec(), Index{6});
  EXPECT_FAULT($name(exec(), {x.view<2>({3, 2}), y.view<2>({2, 3})}), Fault::internal,
               "$name.y: shape is [2,3], expected [3,2]");
}

CUTRACT_ON_EACH_DEVICE(${type}Op);

}  // namespace
}  // namespace cutract::test
END

python3 - "$name" "$type" "$at" <<'END'
import pathlib
import re
import sys

name, kind, at = sys.argv[1:4]
inside = at.removeprefix("kernels").lstrip("/")
inside = inside + "/" if inside else ""


def edit(path, change):
    file = pathlib.Path(path)
    file.write_text(change(file.read_text()))


def after(text, pattern, addition):
    found = list(re.finditer(pattern, text, re.MULTILINE))
    if not found:
        sys.exit(f"new_op: no place for the new op: {pattern}")
    return text[: found[-1].end()] + addition + text[found[-1].end():]


def in_order(text, pattern, line):
    """Adds a line to those that match, before the first that sorts after it."""
    found = list(re.finditer(pattern, text, re.MULTILINE))
    later = [m for m in found if m[0] > line]
    place = later[0].start() if later else found[-1].end() + 1
    return text[:place] + line + "\n" + text[place:]


edit("kernels/CMakeLists.txt", lambda t: after(
    t, r"^list\(APPEND cuda_sources optim/.*$",
    f"\n\ntarget_sources(cutract_kernels PRIVATE {inside}{name}.cpp {inside}{name}_cpu.cpp)\nlist(APPEND cuda_sources {inside}{name}_gpu.cu)"))
edit("kernels/no_gpu.cpp", lambda t: in_order(
    in_order(t, r'^#include "kernels/.*"$', f'#include "{at}/{name}.h"'), r"^void .*$",
    f'void {name}(GpuExec&, const {kind}Args&) {{ no_gpu("{name}"); }}'))
edit("tests/kernels/CMakeLists.txt", lambda t: in_order(t, r"^  \w+_test\.cpp$", f"  {name}_test.cpp"))
edit("tests/coverage.tsv", lambda t: t + "".join(
    f"{name}\t{device}\t-\tfp32\ttests_kernels\tDevice/{kind}Op.AgreesWithTheOracle/{parameter}\n"
    for device, parameter in (("cpu", "cpu"), ("gpu", "{gpu}"))))
edit("tests/planted.tsv", lambda t: after(
    t, r"^no_bias_correction .*$", f"\n{name + '_wrong':<23} tests_kernels   Device/{kind}Op.AgreesWithTheOracle/cpu"))
END
python3 tests/rules/coverage.py update .

cat <<END
$header and its .cpp, _cpu.cpp, _gpu.cu, oracle and test are written, and its rows in kernels/CMakeLists.txt, kernels/no_gpu.cpp,
tests/kernels/CMakeLists.txt, tests/coverage.tsv, docs/coverage.md and tests/planted.tsv. Next:
  scripts/build.sh cpu tests_kernels && ctest --preset cpu -R '${type}Op|rules'
Still to do by hand: a case in bench/*_bench.cpp, the kernel's row in tests/rules/registers.tsv (needs CUDA 13), CHANGELOG.md.
END
