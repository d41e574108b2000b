#!/usr/bin/env python3
"""Project rules that no compiler checks.

    house_rules.py ROOT         reports every violation as file:line: text, exit code 1 if there is one
    house_rules.py --self-test  plants a violation of each rule in a temporary tree and checks that it is reported
"""

import pathlib
import re
import sys
import tempfile

CODE = (".h", ".cpp", ".cu", ".cuh")
LIBRARIES = ("host", "kernels", "features", "eval", "nn", "model", "train")
PARTS = LIBRARIES + ("cli", "bench", "python")

# Which part may include which, following the flow of data. A part may always include itself.
CORE, DEVICE, IO, CORPUS, RUN = "host/core", "host/device", "host/io", "host/corpus", "host/run"
HOST = {CORE, DEVICE, IO, CORPUS, RUN}
MAY_INCLUDE = {
    CORE: set(),
    DEVICE: {CORE},
    IO: {CORE},
    CORPUS: {CORE, IO},
    RUN: {CORE, IO},
    "kernels": {CORE, DEVICE},
    "features": {CORE, DEVICE, IO, CORPUS, "kernels"},
    "eval": HOST - {DEVICE} | {"kernels"},
    "eval/report": HOST - {DEVICE} | {"eval"},
    "nn": {CORE, DEVICE, IO, "kernels"},
    "model": HOST | {"kernels", "features", "eval", "eval/report", "nn"},
    "train": HOST | {"kernels", "features", "eval", "eval/report", "nn", "model"},
    "bench": HOST | {"kernels", "features", "eval", "nn", "model", "train"},
    "cli": HOST | {"kernels", "features", "eval", "eval/report", "nn", "model", "train"},
    "python": HOST | {"features", "nn", "model"},  # like a user of the library: nothing that trains
}

# Libraries that only a few files may include, so that they can be replaced.
KNOWN_TO = {
    "toml++/": {"host/core/fields.cpp", "host/corpus/corpus.cpp"},
    "CLI/": {"cli/completions.cpp", "cli/manual.cpp", "cli/parse.cpp", "cli/usage.cpp"},
    "spdlog/": {"host/core/log.cpp"},
    "cblas.h": {"kernels/gemm/gemm_cpu.cpp", "cli/doctor_command.cpp", "train/run_folder.cpp"},  # two of them report its version
    "sndfile": {"host/io/audio.cpp"},
    "soxr.h": {"host/io/audio.cpp"},
    "nanobind/": {f"python/module/{name}" for name in ("bindings.h", "corpus.cpp", "extractor.cpp", "inverter.cpp", "module.cpp")},
    "matio.h": set(),  # only tests use it, to make files
    "cuda": {"host/device/cuda_check.h", "host/device/launch.cuh",  # device code includes only kernels/simt/simt.cuh
             "bench/peers/cudnn_peer.cpp"},  # shares no code with cutract
}
# Settings without code, which an oracle may read.
PLAIN_SETTINGS = {"features/config.h"}

NOT_IN_HEADERS = ("fmt/", "spdlog/", "toml++/", "CLI/", "nlohmann/")

# The log and the progress line write to stderr for people; no other library code writes anything.
WRITES_TO_STDERR = {"host/core/log.cpp", "host/run/progress.cpp"}

TOKENS = re.compile(
    r'R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r"|//[^\n]*|/\*.*?\*/"  # comments
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'',  # strings and characters, not 1'000
    re.DOTALL,
)


def blank(text, keep_strings):
    """Replaces comments, and strings unless kept, by spaces; lines and columns do not move."""

    def replace(match):
        token = match.group(0)
        if keep_strings and not token.startswith(("//", "/*")):
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKENS.sub(replace, text)


def part_of(path):
    pieces = path.split("/")
    room = "/".join(pieces[:2])
    return room if pieces[0] == "host" or room in MAY_INCLUDE else pieces[0]


class Tree:
    """The text files of a tree: unchanged, without comments, and without comments and strings."""

    SKIP = {".git", "build", ".venv", "__pycache__", "runs", "predictions"}
    TEXT = CODE + (".py", ".sh", ".md", ".toml", ".cmake", ".txt", ".json", ".yml", ".yaml", ".tsv")

    def __init__(self, root):
        self.raw = {}
        root = pathlib.Path(root)
        for path in sorted(root.rglob("*")):
            relative = path.relative_to(root)
            if path.is_file() and path.suffix in self.TEXT and not self.SKIP & set(relative.parts[:-1]):
                self.raw[relative.as_posix()] = path.read_text(encoding="utf-8", errors="replace")
        code = {p: t for p, t in self.raw.items() if p.endswith(CODE)}
        self.with_strings = {p: blank(t, True) for p, t in code.items()}
        self.code = {p: blank(t, False) for p, t in code.items()}

    def lines(self, texts, pattern, within=None):
        """(path, line number, match) for every line on which the pattern is found."""
        for path, text in texts.items():
            if within is None or path.split("/")[0] in within:
                for number, line in enumerate(text.split("\n"), 1):
                    for match in re.finditer(pattern, line):
                        yield path, number, match


INCLUDE = r'^\s*#\s*include\s*([<"])([^">]+)[">]'


def include_order(tree):
    for path, line, match in tree.lines(tree.with_strings, INCLUDE):
        quote, name = match.groups()
        target, own = part_of(name), part_of(path)
        known = target in MAY_INCLUDE or target in ("tests", "bench")
        if path.startswith("tests/oracle/"):
            if quote == '"' and not name.startswith("tests/oracle/") and name not in PLAIN_SETTINGS:
                yield path, line, f"an oracle includes {name}; oracles share no code with the code under test"
        elif own == "bench" and name.startswith("tests/oracle/"):
            continue  # the bench checks its cases against the oracles
        elif own in MAY_INCLUDE and known and target != own and target not in MAY_INCLUDE[own]:
            yield path, line, f"{own} may not include {target} ({name})"
        elif own == "tests" and target == "cli" and not path.startswith(("tests/cli/", "tests/fuzz/")):
            yield path, line, f"only tests/cli and tests/fuzz may include cli ({name})"
        elif quote == '"' and not known and own in MAY_INCLUDE:
            yield path, line, f'"{name}" is not written from the root of the tree'


def one_launch(tree):
    places = [(p, n) for p, n, _ in tree.lines(tree.code, r"<<<(?!>)|<<<(?=>)", PARTS)]
    for path, line in places:
        if path != "host/device/launch.cuh":
            yield path, line, "<<<: kernels are launched by host/device/launch.cuh alone"
    if sum(path == "host/device/launch.cuh" for path, _ in places) != 1:
        yield "host/device/launch.cuh", 1, "expected exactly one <<< here"


def deterministic(tree):
    banned = {
        r"\batomicAdd\w*\s*\(": "atomicAdd: its order of addition varies; reduce in a fixed order",
        r"\bstd::random_device\b": "random_device: every number comes from a seed",
        r"(?<![\w:.>])(?:std::)?[sd]?rand(?:48)?\s*\(": "rand: every number comes from a seed (PhiloxStream)",
        r"\bstd::(?:mt19937\w*|default_random_engine|minstd_rand0?)\b":
            "a standard engine: its distributions differ between libraries; use PhiloxStream",
        r"\bstd::\w+_distribution\b": "a standard distribution: differs between libraries; use PhiloxStream",
    }
    for pattern, why in banned.items():
        for path, line, match in tree.lines(tree.code, pattern):
            text = tree.code[path].split("\n")[line - 1]
            if "atomicAdd" in match.group(0) and re.search(r"//\s*integer\b", tree.raw[path].split("\n")[line - 1]):
                continue  # sums of integers do not depend on the order
            if re.search(r"\b(?:int|float|double|void|auto|Index)\s+" + re.escape(match.group(0).strip()), text):
                continue  # a declaration with that name
            yield path, line, why


def exact_maths(tree):
    for path, line, match in tree.lines(tree.raw, r"-(?:-use_fast_math|use_fast_math|ffast-math|Ofast|funsafe-math\S*)"):
        if path.endswith((".txt", ".cmake", ".json", ".sh", ".yml", ".yaml")):
            yield path, line, f"{match.group(0)}: NaN checks and parity rest on IEEE arithmetic"
    for path, line, match in tree.lines(tree.with_strings, r"fast-math|associative-math|finite-math-only"):
        yield path, line, f"{match.group(0)} changes results"


def quiet_libraries(tree):
    writes = r"std::c(?:out|err|log)\b|(?<![\w.>])(?:std::)?v?f?printf\s*\(|(?<![\w.>])(?:std::)?f?puts\s*\(|\bstd(?:out|err)\b"
    for path, line, match in tree.lines(tree.code, writes, LIBRARIES):
        if path not in WRITES_TO_STDERR or "out" in match.group(0):
            yield path, line, f"{match.group(0).strip()}: libraries do not print; cli does, or log::info"
    for path, line, match in tree.lines(tree.with_strings, r'fmt::print\b|#\s*include\s*<iostream>', LIBRARIES):
        yield path, line, f"{match.group(0)}: libraries do not print"
    ends = r"(?<![\w.>])(?:std::)?(?:_?exit|quick_exit|abort|terminate)\s*\("
    for path, line, match in tree.lines(tree.code, ends, LIBRARIES):
        yield path, line, f"{match.group(0).strip()}): libraries throw Error; main decides about the process"


def low_layers_know_no_settings(tree):
    setting = r"(?<![\w/.-])(?:data|eval|features|model|optim|schedule|trainer)\.(?!safetensors)[a-z]\w*|--device\b"
    for path, text in tree.with_strings.items():
        if path.split("/")[0] not in ("host", "kernels"):
            continue
        for token in TOKENS.finditer(text):
            for match in re.finditer(setting, token.group(0)):
                line = text[: token.start() + match.start()].count("\n") + 1
                yield path, line, f"{match.group(0)}: say what is wrong; what to set is advice of model, train or cli"


def few_know_a_library(tree):
    for path, line, match in tree.lines(tree.with_strings, INCLUDE, PARTS):
        name = match.group(2)
        for library, files in KNOWN_TO.items():
            if name.startswith(library) and path not in files:
                yield path, line, f"<{name}> may be included only by {', '.join(sorted(files))}"
        if path.endswith((".h", ".cuh")) and name.startswith(NOT_IN_HEADERS):
            yield path, line, f"<{name}> in a header; only .cpp files include it"


def telling_names(tree):
    for path in tree.raw:
        for piece in path.split("/"):
            if re.fullmatch(r"(?:utils?|common|misc|helpers?)(?:\.\w+)?", piece, re.IGNORECASE):
                yield path, 1, f'"{piece}" does not describe its content'


def no_machine_paths(tree):
    for path, line, match in tree.lines(tree.raw, r"(?<![\w./-])/(?:work|root|home/\w+)/\S*"):
        if not path.startswith("tests/rules/"):
            yield path, line, f"{match.group(0)}: a path of one machine"


def finished(tree):
    for path, line, match in tree.lines(tree.raw, r"\b(?:TODO|FIXME|XXX)\b", PARTS + ("tests",)):
        if path.endswith(CODE):
            yield path, line, f"{match.group(0)}: do it, or write an issue"
    for path, line, _ in tree.lines(tree.code, r"^\s*#\s*if\s+0\b"):
        yield path, line, "#if 0: history keeps dead code"


RULES = (include_order, one_launch, deterministic, exact_maths, quiet_libraries, low_layers_know_no_settings, few_know_a_library,
         telling_names, no_machine_paths, finished)


def violations(root):
    tree = Tree(root)
    return [(path, line, text, rule.__name__) for rule in RULES for path, line, text in rule(tree)]


# A tree that keeps every rule and contains many things that only look like violations.
GOOD = {
    "host/device/launch.cuh": '#include "host/core/view.h"\n// the only <<<\nvoid f() { kernel<<<g, b>>>(); }\n',
    "host/core/log.cpp": '#include <spdlog/spdlog.h>\nvoid f() { std::fputs("x", stderr); }\n',
    "host/io/a.cpp": '#include "host/core/view.h"\n#include <cmath>\n// exit(1), rand(), std::cout << 1\n'
                     'const char* s = "std::cout << exit( <<< rand(";\nvoid g() { app.exit(1); operand(2); }\n',
    "kernels/lstm/b.cpp": '#include "kernels/a.h"\n// trainer.engine asks for it\nconst char* s = "model.safetensors";\n'
                          'auto n = model.hidden + names("metadata.corpus") + std::size("data");\n',
    "train/a.cpp": '#include "eval/metrics.h"\nconst char* advice = "set trainer.engine";\n\n#include "features/config.h"\n#include "host/run/progress.h"\n'
                   "const int n = 1'000'000;\nauto t = fmt::format(\"{}\", n);\nstd::snprintf(b, 3, \"x\");\n",
    "cli/main.cpp": '#include "train/a.h"\n#include <CLI11.hpp>\nint main() { std::printf("x"); std::exit(2); }\n',
    "kernels/a_gpu.cu": "__device__ void f() { atomicAdd(&count, 1); }  // integer\n",
    "bench/a.cpp": '#include "nn/model.h"\n#include "tests/oracle/b.h"\n',
    "tests/oracle/a.h": '#include <cmath>\n#include "tests/oracle/b.h"\n',
    "tests/core/a_test.cpp": '#include "host/core/view.h"\n#include "tests/support/support.h"\n',
    "docs/a.md": "We do not use --use_fast_math; see https://example.org/work/x and data/work/y.\n",
}

# rule: [(file, text)]; the rule must report each file.
BAD = {
    include_order: [
        ("host/core/x.cpp", '#include "host/io/npy.h"\n'),
        ("host/core/y.cpp", '#include "host/device/exec.h"\n'),
        ("host/device/x.cpp", '#include "host/io/npy.h"\n'),
        ("host/io/x.cpp", '#include "host/corpus/corpus.h"\n'),
        ("host/io/y.cpp", '#include "host/device/exec.h"\n'),
        ("host/corpus/x.cpp", '#include "host/run/progress.h"\n'),
        ("host/corpus/importers/x.cpp", '#include "kernels/math.h"\n'),
        ("host/run/x.cpp", '#include "host/corpus/corpus.h"\n'),
        ("kernels/x.cpp", '#include "host/io/npy.h"\n'),
        ("kernels/lstm/x.cpp", '#include "nn/network.h"\n'),
        ("features/x.cpp", '#include "nn/model.h"\n'),
        ("features/y.cpp", '#include "host/run/progress.h"\n'),
        ("eval/x.cpp", '  #  include "features/config.h"\n'),
        ("eval/y.cpp", '#include "eval/report/html_report.h"\n'),
        ("eval/report/x.cpp", '#include "kernels/math.h"\n'),
        ("nn/x.cpp", '#include "features/config.h"\n'),
        ("nn/y.cpp", '#include "model/run_config.h"\n'),
        ("model/x.cpp", '#include "train/stepper.h"\n'),
        ("train/x.cpp", '#include "cli/device.h"\n'),
        ("train/y.cpp", '#include "tests/support/support.h"\n'),
        ("train/z.cpp", '#include "model.h"\n'),
        ("bench/x.cpp", '#include "tests/support/support.h"\n'),
        ("bench/y.cpp", '#include "cli/device.h"\n'),
        ("tests/core/x.cpp", '#include "cli/device.h"\n'),
        ("tests/oracle/x.h", '#include "kernels/math.h"\n'),
        ("python/module/x.cpp", '#include "train/trainer.h"\n'),
    ],
    one_launch: [
        ("kernels/x_gpu.cu", "void f() { k<<<1, 2>>>(); }\n"),
        ("kernels/y_gpu.cu", "void f() {\n  k<<<g,\n  b>>>(); }\n"),
        ("host/device/launch.cuh", "void f() { launch_elsewhere(); }\n"),
        ("host/device/launch.cuh", "void f() { k<<<1, 2>>>();\n k<<<1, 2>>>(); }\n"),
    ],
    deterministic: [
        ("kernels/x_gpu.cu", "atomicAdd(&sum, 1.0f);\n"),
        ("host/core/x.cpp", "std::random_device d;\n"),
        ("host/core/x.cpp", "int i = rand();\n"),
        ("host/core/x.cpp", "int i = std::rand ();\n"),
        ("tests/core/x.cpp", "srand(1);\n"),
        ("train/x.cpp", "std::mt19937 g;\n"),
        ("train/x.cpp", "std::normal_distribution<float> d;\n"),
    ],
    exact_maths: [
        ("kernels/CMakeLists.txt", "target_compile_options(k PRIVATE --use_fast_math)\n"),
        ("CMakeLists.txt", "add_compile_options(-ffast-math)\n"),
        ("kernels/x_cpu.cpp", '__attribute__((optimize("fast-math"))) void f();\n'),
        ("CMakePresets.json", '{"CMAKE_CXX_FLAGS": "-Ofast"}\n'),
    ],
    quiet_libraries: [
        ("eval/x.cpp", "std::cout << 1;\n"),
        ("eval/x.cpp", '  printf("x");\n'),
        ("eval/x.cpp", 'std::fprintf(file, "x");\n'),
        ("eval/x.cpp", 'std::fputs("x", stderr);\n'),
        ("host/core/log.cpp", 'std::fputs("x", stdout);\n'),
        ("train/x.cpp", 'fmt::print("x");\n'),
        ("train/x.cpp", "#include <iostream>\n"),
        ("train/x.cpp", "if (bad) exit(1);\n"),
        ("train/x.cpp", "std::abort();\n"),
        ("train/x.cpp", "_exit(1);\n"),
    ],
    low_layers_know_no_settings: [
        ("kernels/lstm/x.cpp", 'fail(Fault::config, "lstm: too long; set trainer.engine = \\"auto\\"");\n'),
        ("kernels/x_gpu.cu", 'fail(Fault::device, "no room; use --device cpu");\n'),
        ("host/device/x.cpp", 'auto s = fmt::format("try {}, "\n                     "or a smaller model.hidden", 3);\n'),
        ("host/corpus/x.cpp", 'auto s = R"(data.corpus)";\n'),
    ],
    few_know_a_library: [
        ("train/x.cpp", "#include <toml++/toml.h>\n"),
        ("train/x.cpp", "#include <CLI/CLI.hpp>\n"),
        ("train/x.cpp", "#include <spdlog/spdlog.h>\n"),
        ("kernels/lstm/lstm_cpu.cpp", "#include <cblas.h>\n"),
        ("model/x.cpp", "#include <nanobind/nanobind.h>\n"),
        ("kernels/x_gpu.cu", "#include <cuda_runtime.h>\n"),
        ("train/x.h", "#include <fmt/format.h>\n"),
        ("eval/x.h", "#include <nlohmann/json.hpp>\n"),
    ],
    telling_names: [
        ("host/utils/x.h", "\n"),
        ("train/helpers.cpp", "\n"),
        ("kernels/common.cuh", "\n"),
        ("python/misc.py", "\n"),
    ],
    no_machine_paths: [
        ("docs/x.md", "see /work" + "/main/data\n"),
        ("scripts/x.sh", "cd /root" + "/cutract\n"),
        ("tests/core/x.cpp", 'open("/home' + '/me/x");\n'),
    ],
    finished: [
        ("train/x.cpp", "// TODO: later\n"),
        ("train/x.cpp", "#if 0\nint x;\n#endif\n"),
    ],
}


def write(root, files):
    for name, text in files.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as root:
        write(root, GOOD)
        failures += [f"a false alarm: {v}" for v in violations(root)]
    cases = [(rule, name, text) for rule, planted in BAD.items() for name, text in planted]
    for rule, name, text in cases:
        with tempfile.TemporaryDirectory() as root:
            write(root, {**GOOD, name: text})
            found = violations(root)
            if not any(path == name and by == rule.__name__ for path, _, _, by in found):
                failures.append(f"{rule.__name__} does not see {text!r} in {name}")
    failures += [f"{rule.__name__} has no self-test" for rule in RULES if rule not in BAD]
    for failure in failures:
        print(failure)
    print(f"{len(cases)} planted violations, {len(failures)} failures")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) != 2 or not (pathlib.Path(sys.argv[1]) / "host/core").is_dir():
        print(__doc__)
        return 2
    found = violations(sys.argv[1])
    for path, line, text, rule in found:
        print(f"{path}:{line}: {text} [{rule}]")
    print(f"{len(RULES)} rules, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
