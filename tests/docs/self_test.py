# SPDX-License-Identifier: Apache-2.0
"""A document that lies must fail: one block or link of every kind that does not hold, and one document where all do."""
import pathlib
import sys
import tempfile

import run_document

TRUE = """See [the tool](tools/build) and [elsewhere](https://example.org).
```sh set-up
git clone somewhere && cd convt
tools/build release   # builds
```
```cpp app/main.cpp
int main() { return 0; }
```
```text
not run: exit 1
```
```sh
grep -q 'return 0' app/main.cpp
test -e build/marker && echo made > made
```
```sh
test -e made
```
"""

# What is wrong, and what the report must say.
LIES = [
    ("```sh\nfalse\n```\n", "DOC.md:1: ends with status 1"),
    ("\n```sh\ntest -e nothing\ntrue\n```\n", "DOC.md:2: ends with status 1"),
    ("```sh\ncat app/none | sort\n```\n", "DOC.md:1: ends with status 1"),
    ("```sh set-up\ntools/install\n```\n", "is no set-up script"),
    ("```sh set-up\ntools/build fast\n```\n", 'tools/build does not know "fast"'),
    ("```\ntrue\n```\n", "is not a kind of block"),
    ("```rust main.rs\n```\n", "is not a kind of block"),
    ("[a](none.md)\n", "DOC.md:1: none.md does not exist"),
]


def report(text):
    with tempfile.TemporaryDirectory() as name:
        source = pathlib.Path(name)
        (source / "tools").mkdir()
        (source / "build").mkdir()
        (source / "build" / "marker").touch()
        (source / "tools" / "build").write_text("#!/bin/sh\n# release\n")
        (source / "tools" / "build").chmod(0o755)
        (source / "DOC.md").write_text(text)
        return run_document.run_document(source, source / "build", "DOC.md")


def main():
    wrong = []
    if report(TRUE):
        wrong.append(f"a true document: {report(TRUE)}")
    for text, words in LIES:
        failures = report(text)
        if len(failures) != 1 or words not in failures[0]:
            wrong.append(f"{text!r}: {failures}, wanted {words!r}")
    try:
        report("```sh\ntrue\n")
        wrong.append("an open block was accepted")
    except ValueError:
        pass
    print("\n".join(wrong) or f"{len(LIES) + 2} documents as expected")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
