# SPDX-License-Identifier: Apache-2.0
"""usage: self_test.py CHECK_LAYERS

Plants one violation of every rule in a small tree and expects check-layers to name file, line and rule; and nothing in the tree without.
"""
import pathlib
import subprocess
import sys
import tempfile

CLEAN = {
    "runtime/include/convt/problem.h": "",
    "runtime/kernel/halide_abi.h": "#include <HalideRuntime.h>\n",
    "runtime/jit/llvm.h": "#include <llvm/Support/Error.h>\n",
    "runtime/jit/jit.cpp": '#include "llvm.h"\n#include "convt/problem.h"\n',
    "schedules/include/convt/schedule.h": '#include "convt/problem.h"\n',
    "schedules/cpu/halide.h": "#include <Halide.h>\n",
    "compiler/include/convt/worker.h": "",
    "compiler/plan.cpp": '#include "convt/schedule.h"\n#include "schedules/cpu/halide.h"\n',
    "compiler/disassembler.h": "#include <llvm/MC/MCInst.h>\n",
    "compiler/worker/process.cpp": '#include "convt/schedule.h"\n',
    "tools/common/cli.h": "#include <string>\n",
    "tools/embed/make.cpp": '#include "schedules/cpu/halide.h"\n',
    "tests/kernel/by_hand.c": "#include <HalideRuntime.h>\n",
    "tests/unit/cli_test.cpp": '#include "tools/common/cli.h"\n#include "compiler/include/convt/worker.h"\n',
}

# File, its text, the line and the words that the report must have.
VIOLATIONS = [
    ("runtime/cache/a.cpp", '#include "convt/schedule.h"\n', 1, "runtime includes"),
    ("runtime/cache/a.cpp", '\n#  include "convt/worker.h"\n', 2, "runtime includes"),
    ("schedules/a.cpp", '#include "compiler/include/convt/worker.h"\n', 1, "schedules includes"),
    ("schedules/cpu/a.cpp", '#include "../../compiler/include/convt/worker.h"\n', 1, "schedules includes"),
    ("compiler/a.cpp", '#include "tools/common/cli.h"\n', 1, "compiler includes"),
    ("compiler/a.cpp", "#include <Halide.h>\n", 1, "schedules/cpu/halide.h alone"),
    ("compiler/worker/a.cpp", '#include "schedules/cpu/halide.h"\n', 1, "Halide stays in compiler/"),
    ("tools/a.cpp", '#include "schedules/cpu/halide.h"\n', 1, "Halide stays in compiler/"),
    ("runtime/pool/a.cpp", '#include "HalideRuntime.h"\n', 1, "halide_abi.h alone"),
    ("runtime/object/a.cpp", "#include <llvm/Object/ELF.h>\n", 1, "one header of runtime/jit/"),
    ("compiler/a.cpp", "#include <llvm/Object/ELF.h>\n", 1, "compiler/disassembler.h alone"),
    ("runtime/jit/second.h", "#include <llvm/Object/ELF.h>\n", None, "not several"),
]


def write(root, file, text):
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def report(check, extra):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for file, text in CLEAN.items():
            write(root, file, text)
        if extra:
            write(root, *extra)
        run = subprocess.run([sys.executable, check, str(root)], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout


def main(check):
    failures = 0
    status, output = report(check, None)
    if status != 0 or output:
        failures += 1
        print(f"a clean tree: status {status}\n{output}")
    for file, text, line, words in VIOLATIONS:
        status, output = report(check, (file, text))
        place = f"{file}:{line}: " if line else file
        if status != 1 or place not in output or words not in output:
            failures += 1
            print(f"{text!r} in {file}: status {status}, wanted 1 and {place!r} and {words!r} in\n{output}")
    print(f"{len(VIOLATIONS) + 1} trees, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
