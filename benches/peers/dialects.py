"""The replies in the rivals' own tests, read by them and by mlx-code.

    $ peers-env/bin/python benches/peers/dialects.py --sources FOLDER

FOLDER holds, unpacked, the sources whose tests are read: `pip download
--no-deps --no-binary :all: aider-chat==0.86.2 codex-apply-patch==0.4.0` and the
crate mpatch 1.8.1 (`cargo fetch` puts it below ~/.cargo/registry/src). Of codex,
the texts without their first and last line get them, as its tests give them
with a function. Every string in a test in
which the rival finds an edit is given to both; the paths and the number of
edits are compared, and each difference is shown with its text.
"""

import argparse
import ast
import json
import re
import sys
import textwrap
from pathlib import Path

import programs


class Reader(programs.Ours):
    def read(self, reply):
        """Pairs (path, how many places), and what is said of broken blocks."""
        print(json.dumps({"reply": reply}), file=self.process.stdin, flush=True)
        items = json.loads(self.process.stdout.readline())["items"]
        found = [(i["path"], i.get("hunks", 1)) for i in items if i["kind"] != "none"]
        return found, [i["why"] for i in items if i["kind"] == "none"]


def python_strings(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count("\n") > 2:
            yield node.value


# A string of Rust, plain or raw, as it stands in the source.
RUST = re.compile(r'r(#*)"(.*?)"\1|"((?:[^"\\]|\\.)*)"', re.DOTALL)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "0": "\0"}


def rust_strings(file):
    for found in RUST.finditer(file.read_text()):
        text = found[2]
        if text is None:
            text = re.sub(r"\\\n\s*", "", found[3])
            text = re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[0]), text)
        if text.count("\n") > 2:
            yield textwrap.dedent(text).removeprefix("\n")


def aider_tests(aider, folder):
    for file in ("test_editblock.py", "test_udiff.py"):
        for text in python_strings(next(folder.glob(f"**/tests/basic/{file}"))):
            try:
                if file == "test_udiff.py":
                    edits = [path for path, _ in aider.udiff.find_diffs(text)]
                else:
                    found = aider.blocks.find_original_update_blocks(text)
                    edits = [path for path, *change in found if path]
            except (ValueError, IndexError):
                continue
            if edits:
                yield text, edits


def mpatch_tests(mpatch, folder):
    for text in rust_strings(next(folder.glob("**/patch_apply_tests.rs"))):
        try:
            patches = mpatch.mpatch.parse_auto(text)
        except mpatch.mpatch.MpatchError:
            continue
        edits = [str(p.file_path) for p in patches for _ in p.hunks]
        if edits:
            yield text, edits


# How the package tells what it read.
DESCRIBED = re.compile(r"\w+: (.*?)(?: -> .*?)?(?: \((\d+) chunks\))?$")


def codex_tests(codex, folder):
    for name in ("lib.rs", "parser.rs"):
        for text in rust_strings(next(folder.glob(f"**/codex*/**/{name}"))):
            text = text.replace("{}", "file.txt").strip()
            if text.startswith(("*** Add", "*** Update", "*** Delete")):
                text = f"*** Begin Patch\n{text}\n*** End Patch"
            try:
                found = [DESCRIBED.match(line) for line in codex.codex.parse_patch(text)]
            except ValueError:
                continue
            edits = [told[1] for told in found for _ in range(int(told[2] or 1))]
            if edits:
                yield text + "\n", edits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--driver", help="a driver that is built already")
    args = parser.parse_args()
    ours = Reader(args.driver or programs.build_driver())
    for name, cases in (
        ("aider", aider_tests(programs.Aider(), args.sources)),
        ("mpatch", mpatch_tests(programs.Mpatch(), args.sources)),
        ("codex", codex_tests(programs.Codex(), args.sources)),
    ):
        same, seen = 0, set()
        for text, theirs in cases:
            if text in seen:
                continue
            seen.add(text)
            found, broken = ours.read(text)
            paths = [path for path, places in found for _ in range(places)]
            if paths == theirs:
                same += 1
                continue
            print(f"--- {name}: {theirs}\n--- mlx-code: {paths} {broken}\n{text}\n")
        print(f"=== {name}: {len(seen)} replies, {same} read alike\n")


if __name__ == "__main__":
    sys.exit(main())
