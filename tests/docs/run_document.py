# SPDX-License-Identifier: Apache-2.0
"""usage: run_document.py SOURCE BUILD DOCUMENT

Runs every fenced block of a document of the source tree, in order, in one temporary folder that looks like the checkout after
tools/build: its entries are links to the real ones, `build` leads to BUILD, and what the commands write stays there. The word behind
the fence says what a block is:

  ```sh            commands; the block fails with the first that does
  ```sh set-up     calls of the set-up scripts, which CI itself runs: here they must exist, be executable and know their arguments
  ```LANG PATH     a file, written to PATH in the folder, which later commands use (c, cpp, cmake, python, tsv)
  ```text          what something prints or looks like; not run

Links to files of the tree must lead somewhere. Exits 1 when something does not hold.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(.*)$")
LINK = re.compile(r"\]\(([^)#]+)")
FILE_LANGUAGES = {"c", "cpp", "cmake", "python", "tsv"}
SET_UP = {"tools/build", "tools/check", "tools/quickstart", "tools/setup-peers", ".ci/run"}


def blocks(text):
    """(line, info string, content) of every fenced block; a ValueError where one is not closed."""
    info, start, lines = None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        match = FENCE.match(line)
        if match and info is None:
            info, start, lines = match.group(1).strip(), number, []
        elif match:
            yield start, info, "".join(f"{line}\n" for line in lines)
            info = None
        elif info is not None:
            lines.append(line)
    if info is not None:
        raise ValueError(f"line {start}: the block is not closed")


def prose(text):
    """(line, content) of every line outside the blocks."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def lay_out(source, build, folder):
    for entry in source.iterdir():
        if entry.name not in (".git", ".quickstart") and not entry.name.startswith("build"):
            (folder / entry.name).symlink_to(entry)
    (folder / "build").symlink_to(build)


def environment(source, folder):
    own = {name: str(folder / ".user" / name) for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME")}
    path = os.pathsep.join([str(source / ".deps" / "venv" / "bin"), os.environ["PATH"]])
    return {**os.environ, **own, "PATH": path}


def run_commands(content, source, folder):
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", content], cwd=folder, env=environment(source, folder), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return None if result.returncode == 0 else f"ends with status {result.returncode}:\n{result.stdout}"


def check_set_up(content, source):
    for line in content.splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] in ("git", "cd"):
            continue
        if words[0] not in SET_UP or not os.access(source / words[0], os.X_OK):
            return f'"{line}" is no set-up script'
        usage = (source / words[0]).read_text()
        unknown = [word for word in words[1:] if not word.isdigit() and word not in usage]
        if unknown:
            return f'{words[0]} does not know "{unknown[0]}"'
    return None


def run_block(info, content, source, folder):
    """None, or what went wrong."""
    words = info.split()
    if words == ["text"]:
        return None
    if words == ["sh"]:
        return run_commands(content, source, folder)
    if words == ["sh", "set-up"]:
        return check_set_up(content, source)
    if len(words) == 2 and words[0] in FILE_LANGUAGES:
        path = folder / words[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return None
    return f'"```{info}" is not a kind of block: sh, sh set-up, text, or LANGUAGE PATH with one of {", ".join(sorted(FILE_LANGUAGES))}'


def run_document(source, build, document):
    """The failures, each beginning with document:line."""
    text = (source / document).read_text()
    failures = []
    for number, line in prose(text):
        for link in LINK.findall(line):
            if "://" not in link and not (source / document).parent.joinpath(link).exists():
                failures.append(f"{document}:{number}: {link} does not exist")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        lay_out(source, build, folder)
        for line, info, content in blocks(text):
            failure = run_block(info, content, source, folder)
            if failure:
                failures.append(f"{document}:{line}: {failure}")
    return failures


def main(arguments):
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    failures = run_document(pathlib.Path(arguments[0]).resolve(), pathlib.Path(arguments[1]).resolve(), arguments[2])
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
