#!/usr/bin/env python3
"""Compares who uses things with what a language server says.

usage: compare_references.py PROGRAM TREE --server COMMAND [--ending .py]
                             [--folder DIR] [--count N] [--seed N] [--show N]
                             [--without PARTS]

PROGRAM is the built example `definitions` of crates/context, with the example
`references` beside it. Of the names of TREE (below --folder, if given) N are
chosen at random, and the server is asked where each is used. Of these places,
those count that are names for the example too, in files below --folder; the
definition itself does not count. It prints how many of ours are the server's
(precision), and how many of the server's are ours (answered), for all uses and
for calls alone, each summed over all names that the server places in the tree.
Places of ours alone that are written with another name (`from a import b as c`)
are counted too: ty takes these for other things.
"""

import collections
import json
import os
import pathlib
import random
import subprocess
import urllib.parse

from compare_definitions import LANGUAGES, Server, is_import, is_module, names_to_ask


def place_of(server_place):
    path = urllib.parse.unquote(urllib.parse.urlparse(server_place["uri"]).path)
    start = server_place["range"]["start"]
    return os.path.realpath(path), start["line"], start["character"]


def defined_at(place, one):
    """The definition that a place stands for; several names may begin on its line."""
    # What is there as a whole, such as a file, has no name of its own.
    return place["path"], place["line"], place["column"], one["name"] if one["is_local"] else ""


def used_here(options, root, places):
    """Who uses what stands at each place; nothing for what is no symbol."""
    program = os.path.join(os.path.dirname(os.path.realpath(options.program)), "references")
    relative = [(os.path.relpath(path, root), line, column) for path, line, column in places]
    done = subprocess.run(
        [program, root], input="".join("%s %d %d\n" % place for place in relative),
        capture_output=True, text=True, check=True)
    found = map(json.loads, done.stdout.splitlines())
    return {place: one and {(os.path.join(root, at["path"]), at["line"], at["column"]) for at in one}
            for place, one in zip(places, found)}


def main():
    options, root, names = names_to_ask(__doc__, 300)
    lines = {}
    by_place, users = {}, collections.defaultdict(set)
    for one in names:
        path = os.path.join(root, one["path"])
        if path not in lines:
            lines[path] = pathlib.Path(path).read_bytes().split(b"\n")
        # Positions are told alike only where a line is ASCII.
        if not lines[path][one["line"]].isascii():
            continue
        place = (path, one["line"], one["column"])
        by_place[place] = one
        if one["places"]:
            first = one["places"][0]
            users[defined_at(first, one)].add(place)
    server = Server(options.server, root)
    for path in lines:
        server.tell("textDocument/didOpen", {"textDocument": {
            "uri": pathlib.Path(path).as_uri(),
            "languageId": LANGUAGES[options.ending],
            "version": 1,
            "text": b"\n".join(lines[path]).decode(errors="replace"),
        }})
    chosen = sorted(by_place)
    random.Random(options.seed).shuffle(chosen)
    # Not all of them will do.
    symbols = [place for place in chosen[:8 * options.count] if not by_place[place]["is_local"]]
    used = used_here(options, root, symbols)
    asked = 0
    totals = {"uses": collections.Counter(), "calls": collections.Counter()}
    shown = 0
    for place in chosen:
        if asked >= options.count:
            break
        one = by_place[place]
        position = {
            "textDocument": {"uri": pathlib.Path(place[0]).as_uri()},
            "position": {"line": place[1], "character": place[2]},
        }
        defined = server.definition(place[0], place[1], place[2])
        inside = {there for there in defined if there[0].startswith(root + "/")}
        # Of a module the server tells the uses of the name that one file gives it.
        if not inside or any(is_module(there, one["name"]) for there in inside):
            continue
        if all(is_import(there, one["name"]) for there in inside):
            continue
        asked += 1
        found = server.ask("textDocument/references", {
            # Without declarations it leaves out names that are imported.
            **position, "context": {"includeDeclaration": True},
        }) or []
        theirs = {place_of(there) for there in found} & by_place.keys()
        ours = used.get(place)
        if ours is None:
            # Variables of functions, and fields that assignments make.
            first = one["places"] and one["places"][0]
            ours = users[defined_at(first, one)] if first else set()
        ours = ours & by_place.keys()
        # Where a name is first written, it is its own definition.
        ours = {there for there in ours if (there[0], there[1]) not in inside}
        theirs = {there for there in theirs if (there[0], there[1]) not in inside}
        is_call = lambda there: by_place[there]["kind"] == "call"
        for what, keep in (("uses", lambda _: True), ("calls", is_call)):
            a, b = set(filter(keep, ours)), set(filter(keep, theirs))
            count = totals[what]
            count["asked"] += 1
            count["same"] += a == b
            count["ours"] += len(a)
            count["theirs"] += len(b)
            count["both"] += len(a & b)
            # Some servers take a name that an import gives for another thing.
            count["renamed"] += sum(by_place[there]["name"] != one["name"] for there in a - b)
        for sign, some in (("only here", ours - theirs), ("only there", theirs - ours)):
            for path, line, column in sorted(some)[:2]:
                if shown < options.show:
                    shown += 1
                    print(f"{one['name']} of {one['path']}:{one['line'] + 1}: {sign}: "
                          f"{os.path.relpath(path, root)}:{line + 1}:{column + 1} "
                          f"{lines[path][line].decode().strip()[:80]}")
    for what, count in totals.items():
        precision = 100 * count["both"] / max(1, count["ours"])
        alike = 100 * count["both"] / max(1, count["ours"] - count["renamed"])
        answered = 100 * count["both"] / max(1, count["theirs"])
        print(f"{what}: {count['asked']} names, {count['theirs']} places of the server, "
              f"{count['ours']} here, precision {precision:.2f} %, answered {answered:.2f} %, "
              f"{count['same']} the same; {count['renamed']} of ours alone are under another "
              f"name, {alike:.2f} % of the others are the server's")
    server.process.kill()


if __name__ == "__main__":
    main()
