#!/usr/bin/env python3
"""Compares where names are defined with what a language server says.

usage: compare_definitions.py PROGRAM TREE --server COMMAND [--ending .py]
                              [--folder DIR] [--count N] [--seed N] [--show N]
                              [--without PARTS]

PROGRAM is the built example `definitions` of crates/context. The server is
asked over its standard streams for the definitions of N names of TREE, chosen
at random among all that are used in files of that ending (below --folder, if
given). Names that the server places outside of the tree, or nowhere, are
counted apart. Of the others it prints how many are answered here, and how
many of the answers are right: the first place is on a line that the server
names. An answer for a name that the server places outside of the tree is
wrong. Where the server of TypeScript names the import itself (of a package that
is not installed, or of a module as a whole), the name is counted apart.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import urllib.parse


class Server:
    """A language server that is asked one thing after another."""

    def __init__(self, command, root):
        self.process = subprocess.Popen(
            command, shell=True, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.number = 0
        uri = pathlib.Path(root).as_uri()
        self.ask("initialize", {
            "processId": os.getpid(),
            "rootUri": uri,
            "workspaceFolders": [{"uri": uri, "name": "tree"}],
            "capabilities": {
                "general": {"positionEncodings": ["utf-8", "utf-16"]},
                "textDocument": {"definition": {"linkSupport": True}},
                "workspace": {"configuration": True, "workspaceFolders": True},
            },
        })
        self.tell("initialized", {})

    def write(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def read(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            sys.exit("the server ended")
        return json.loads(self.process.stdout.read(length))

    def tell(self, method, parameters):
        self.write({"method": method, "params": parameters})

    def ask(self, method, parameters):
        self.number += 1
        self.write({"id": self.number, "method": method, "params": parameters})
        while True:
            message = self.read()
            if "method" in message and "id" in message:
                items = message.get("params", {}).get("items", []) if message["params"] else []
                self.write({"id": message["id"], "result": [None] * len(items) or None})
            elif message.get("id") == self.number:
                return message.get("result")

    def definition(self, path, line, column):
        """Each place: path and line."""
        found = self.ask("textDocument/definition", {
            "textDocument": {"uri": pathlib.Path(path).as_uri()},
            "position": {"line": line, "character": column},
        })
        found = [found] if isinstance(found, dict) else found or []
        places = set()
        for one in found:
            uri = one.get("targetUri") or one["uri"]
            place = one.get("targetSelectionRange") or one["range"]
            path = urllib.parse.unquote(urllib.parse.urlparse(uri).path)
            places.add((os.path.realpath(path), place["start"]["line"]))
        return places


def is_module(place, name):
    """Whether a name stands for a file: nothing is defined in the line where that begins, or
    where it begins below its comments, or it is what an import of Python takes names from."""
    path, line = place
    lines = pathlib.Path(path).read_text(errors="replace").split("\n")
    at = lines[line] if line < len(lines) else ""
    if path.endswith((".py", ".pyi")):
        if re.match(r"\s*(from|import)\s+[.\w]*\b" + re.escape(name) + r"\b", at):
            return True
    begin = next((number for number, text in enumerate(lines)
                  if text.strip() and not text.lstrip().startswith(("//", "/*", "*", "#"))), 0)
    words = r"(class|function|const|let|var|type|interface|enum|namespace|def)\s+\*?"
    return line in (0, begin) and not re.search(words + re.escape(name) + r"\b", at)


def is_import(place, name):
    """Whether a place is within an import, where the name is bound."""
    path, number = place
    if not path.endswith((".ts", ".tsx", ".js")):
        return False
    lines = pathlib.Path(path).read_text(errors="replace").split("\n")
    before = number
    # One may take several lines.
    while before > 0 and not re.match(r"\s*(import|export|const|let|var|function|type|class)\b", lines[before]):
        if ";" in lines[before] or number - before > 60:
            return False
        before -= 1
    return bool(re.match(r"\s*import\b", lines[before])) and name in lines[number]


LANGUAGES = {".py": "python", ".ts": "typescript", ".js": "javascript", ".rs": "rust", ".go": "go"}


def names_to_ask(about, count):
    """The options, the root of the tree, and the names that are chosen from."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("program")
    parser.add_argument("tree")
    parser.add_argument("--server", required=True)
    parser.add_argument("--ending", default=".py")
    parser.add_argument("--folder", default="")
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--without", default="", help="parts of paths to leave out, with commas")
    options = parser.parse_args()
    root = os.path.realpath(options.tree)
    done = subprocess.run([options.program, root], capture_output=True, text=True, check=True)
    names = [json.loads(line) for line in done.stdout.splitlines()]
    names = [
        one for one in names
        if one["path"].endswith(options.ending) and one["path"].startswith(options.folder)
        and not any(part in one["path"] for part in options.without.split(",") if part)
    ]
    return options, root, names


def main():
    options, root, names = names_to_ask(__doc__, 2000)
    random.Random(options.seed).shuffle(names)
    names = names[: options.count]
    server = Server(options.server, root)
    opened = set()
    counts = collections.Counter()
    kinds = collections.defaultdict(collections.Counter)
    shown = 0
    for one in names:
        path = os.path.join(root, one["path"])
        text = pathlib.Path(path).read_bytes()
        if path not in opened:
            opened.add(path)
            server.tell("textDocument/didOpen", {"textDocument": {
                "uri": pathlib.Path(path).as_uri(),
                "languageId": LANGUAGES[options.ending],
                "version": 1,
                "text": text.decode(errors="replace"),
            }})
        # Positions are told alike only where a line is ASCII.
        line = text.split(b"\n")[one["line"]]
        if not line.isascii():
            continue
        theirs = server.definition(path, one["line"], one["column"])
        inside = {place for place in theirs if place[0].startswith(root + "/")}
        ours = [(os.path.join(root, place["path"]), place["line"]) for place in one["places"]]
        kind = "local" if one["is_local"] else "member" if one["is_member"] else "name"
        kind = f"{kind}, {one['certainty']}" if ours else kind
        if not theirs:
            verdict = "unknown to the server"
        elif all(is_import(place, one["name"]) for place in theirs):
            # It names the import, and follows it no further.
            verdict = "an import to the server"
        elif not inside:
            verdict = "wrong outside" if ours else "outside of the tree"
        elif not ours:
            verdict = "not answered"
        elif ours[0] in inside:
            verdict = "right"
        elif is_module(ours[0], one["name"]) and ours[0][0] in {place[0] for place in inside}:
            # A module begins with its first statement to some.
            verdict = "right"
        elif set(ours) & inside and len({place[0] for place in ours}) == 1:
            # Of overloads, and of a type and a value of one name, all are named here.
            verdict = "right among several"
        else:
            verdict = "wrong"
        if verdict == "right among several":
            counts["of these among several"] += 1
            verdict = "right"
        counts[verdict] += 1
        kinds[kind][verdict] += 1
        if verdict.startswith("wrong") and shown < options.show:
            shown += 1
            there = ", ".join(f"{os.path.relpath(p, root)}:{n + 1}" for p, n in sorted(theirs))
            here = ", ".join(f"{os.path.relpath(p, root)}:{n + 1}" for p, n in ours)
            print(f"{one['path']}:{one['line'] + 1}: {one['name']} is {here}, not {there}")
            print(f"    {line.decode().strip()}")
    for kind, verdicts in sorted(kinds.items()):
        told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common())
        print(f"{kind:18}", told)
    right, wrong = counts["right"], counts["wrong"]
    outside = counts["wrong outside"]
    known = right + wrong + counts["not answered"]
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()))
    if right + wrong:
        print(
            f"right of answered {100 * right / (right + wrong + outside):.2f} %, "
            f"answered {100 * (right + wrong) / known:.2f} % of {known}"
        )
    server.process.kill()


if __name__ == "__main__":
    main()
