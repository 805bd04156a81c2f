#!/usr/bin/env python3
"""Compares what `symbols` finds in a tree with what universal-ctags finds.

usage: compare_outlines.py PROGRAM LANGUAGE TREE [--show N] [--kind KIND]

PROGRAM is the built example `symbols` of crates/context; LANGUAGE is one of
python, typescript, rust, go, java, c; TREE is a folder. Prints, by ctags'
kinds, how many definitions it found and how many of these are ours too: the
same name on the same line, or on the first line of the definition. With
--show, those that are missing. What ctags lists and what is no definition is
counted apart: variables of functions, and names that come from other files.

Needs universal-ctags, built with JSON, on the path.
"""

import argparse
import collections
import functools
import json
import os
import re
import subprocess
import sys

ENDINGS = {
    "python": (".py",),
    "typescript": (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs"),
    "rust": (".rs",),
    "go": (".go",),
    "java": (".java",),
    "c": (".c", ".h", ".cc", ".cpp", ".hpp"),
}

# What ctags lists beside definitions: names taken from other files, and
# imports under another name.
NO_DEFINITIONS = {
    "python": {"namespace", "module", "unknown"},
    "typescript": set(),
    "rust": set(),
    "go": {"packageName", "unknown"},
    "java": set(),
    "c": {"header"},
}


def files(tree, language):
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(f for f in folders if f not in (".git", "node_modules"))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.endswith(ENDINGS[language]) and not os.path.islink(path):
                yield path


def ctags(paths):
    """Each definition: path, line, name, kind."""
    command = ["ctags", "--output-format=json", "--fields=+nKz", "--sort=no", "-L", "-", "-f", "-"]
    done = subprocess.run(
        command, input="\n".join(paths), capture_output=True, text=True, errors="replace"
    )
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        if tag["_type"] == "tag":
            yield tag["path"], tag["line"], tag["name"], tag["kind"]


def ours(program, paths, what=()):
    done = subprocess.run(
        [program, *what, "-"], input="\n".join(paths), capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def plain(name):
    """`operator ()` is `operator()`, and quotes belong to no name."""
    return name.replace("operator ", "operator").strip("\"'`")


# How a definition in TypeScript or JavaScript looks, by ctags' kinds. Where
# lines end without semicolons, ctags 5.9 takes many other words for names.
LOOKS = {
    "constant": r"\b(const|let|var)\s+{0}\b|\b(const|let|var)\s*[{{\[][^=]*\b{0}\s*[],}}=]",
    "variable": r"\b(const|let|var)\s+{0}\b|\b(const|let|var)\s*[{{\[][^=]*\b{0}\s*[],}}=]",
    "property": r"^([a-z]+\s+)*['\"`]?{0}['\"`]?\s*[?!:(=,;<]|\.{0}\s*=",
    "alias": r"\btype\s+{0}\s*[=<]",
    "enumerator": r"^['\"]?{0}\b",
    "class": r"\bclass\s+{0}\b",
    "interface": r"\binterface\s+{0}\b",
    "namespace": r"\b(namespace|module)\s+{0}\b",
    "function": r"\bfunction\b.*\b{0}\b|\b{0}\b\s*[=:]",
}

KEYWORDS = {"as", "export", "false", "function", "get", "set", "symbol", "true", "void", "const"}


def is_misread(language, kind, name, path, line):
    """What ctags 5.9 takes for a name and is none."""
    lines = lines_of(path)
    text = lines[line - 1].strip() if line <= len(lines) else ""
    if name in KEYWORDS:
        return True
    if language == "java":
        return kind == "enumConstant" and "@" + name in text
    if language == "rust":
        return kind == "variable" and "&'static" in text and name == "str"
    look = LOOKS.get(kind) if language == "typescript" else None
    return bool(look) and not re.search(look.format(re.escape(name)), text)


@functools.cache
def lines_of(path):
    with open(path, errors="replace") as file:
        return file.read().split("\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program")
    parser.add_argument("language", choices=sorted(ENDINGS))
    parser.add_argument("tree")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--kind")
    options = parser.parse_args()

    paths = list(files(options.tree, options.language))
    found = ours(options.program, paths)
    places = {(one["path"], one["line"], plain(one["name"])) for one in found}
    places |= {(one["path"], one["lines"]["first"], plain(one["name"])) for one in found}
    local = {
        (one["path"], one["line"], one["name"])
        for one in ours(options.program, paths, ["--locals"])
    }
    taken = {
        (one["path"], one["line"], one["name"])
        for one in ours(options.program, paths, ["--references"])
        if one["kind"] == "import"
    }
    total, missing, apart = (collections.Counter() for _ in range(3))
    shown = 0
    seen = set()
    for path, line, name, kind in ctags(paths):
        place = (path, line, plain(name))
        anonymous = name.startswith("__anon") or name.startswith("anonymous")
        if kind in NO_DEFINITIONS[options.language] or anonymous or place in seen:
            continue
        seen.add(place)
        if place not in places:
            reasons = {
                "variables of functions": place in local,
                "names from other files": place in taken,
                "no names at all": is_misread(options.language, kind, name, path, line),
            }
            reason = next((reason for reason, holds in reasons.items() if holds), None)
            if reason:
                apart[reason] += 1
                continue
            missing[kind] += 1
            if shown < options.show and options.kind in (None, kind):
                shown += 1
                print(f"missing {kind} {name}: {path}:{line}: {lines_of(path)[line - 1].strip()}")
        total[kind] += 1
    for kind, count in total.most_common():
        got = count - missing[kind]
        print(f"{kind:16} {got:6} of {count:6}  {100 * got / count:6.2f} %")
    count = sum(total.values())
    got = count - sum(missing.values())
    share = 100 * got / count if count else 0
    print(f"{len(paths)} files: {got} of {count}, {share:.2f} %; ours alone {len(found) - got}")
    for reason, count in apart.items():
        print(f"  apart: {count} {reason}")
    return 0 if share >= 99 else 1


if __name__ == "__main__":
    sys.exit(main())
