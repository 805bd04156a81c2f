"""Replies and files that are made to go wrong: time, memory, and no wrong file.

    $ python benches/peers/hostile.py

Each case runs in a process of its own. It fails if it is applied wrongly, or
takes more than its seconds or its MiB; the reply and the file count as memory
several times, since they come as JSON. Needs nothing but Python.
"""

import argparse
import random
import sys
import time
from pathlib import Path

import programs

MIB = 1 << 20


def block(path, search, replace):
    return f"{path}\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


def function(number, body="return value"):
    return f"def step_{number}(value):\n    check(value)\n    value += {number}\n    {body}\n\n\n"


def cases():
    """(name, file, reply, file that is right or None for refusals alone, seconds)."""
    many = "".join(function(n) for n in range(2_000))
    yield "one line of many equal ones", many, block("a.py", "    return value\n", "    return 1\n"), None, 2
    near = function(700).replace("step_700", "step_70000").replace("+= 700", "+= 70000")
    yield "a function that is not there, beside 2,000 like it", many, block("a.py", near, ""), None, 2
    vague = function(700).replace("step_700", "step").replace("+= 700", "+= number")
    yield "a function whose numbers are lost", many, block("a.py", vague, ""), None, 2

    text = "alpha = 1\nbeta = 2\ngamma = 3\n"
    twice = block("a.py", "beta = 2\n", "beta = 20\n") + block("a.py", "beta = 2\n", "beta = 200\n")
    yield "two blocks that contradict each other", text, twice, None, 1
    grows = block("a.py", "beta = 2\n", "beta = 2\nbeta = 2\n")
    yield "a replacement that holds the search twice", text, grows, text.replace("beta = 2\n", "beta = 2\nbeta = 2\n"), 1
    over = block("a.py", "alpha = 1\nbeta = 2\n", "alpha = 1\nbeta = 5\n") + block("a.py", "beta = 2\ngamma = 3\n", "beta = 2\ngamma = 6\n")
    both = "alpha = 1\nbeta = 5\ngamma = 6\n"
    yield "blocks that overlap, each made for the file as it was", text, over, both, 1

    for end in ("\n", "\r\n"):
        for mark in ("", "\ufeff"):
            for last in ("", end):
                file = mark + end.join(["one", "two", "three"]) + last
                what = f"{end!r}, mark {bool(mark)}, last line end {bool(last)}"
                reply = block("a.py", "three\n", "four\n")
                yield f"the last line: {what}", file, reply, file.replace("three", "four"), 1
                reply = block("a.py", "one\n", "zero\none\n")
                yield f"the first line: {what}", file, reply, file.replace("one", f"zero{end}one"), 1

    long = "x" * (10 * MIB)
    yield "a line of 10 MiB beside the edit", f"{long}\nend\n", block("a.py", "end\n", "END\n"), f"{long}\nEND\n", 4
    yield "a line of 10 MiB, all but the last letter", f"{long}\nend\n", block("a.py", f"{long[1:]}y\nend\n", "e\n"), None, 20
    big = "".join(f"line {n} of a large file\n" for n in range(4_000_000))
    right = big.replace("line 3000000 of", "LINE 3000000 of")
    exact = block("a.py", "line 3000000 of a large file\nline 3000001 of a large file\n", "LINE 3000000 of a large file\nline 3000001 of a large file\n")
    yield f"a file of {len(big) // MIB} MiB, exact", big, exact, right, 20
    fuzzy = block("a.py", "line 3000000 of the large file\nline 3000001 of a large file\n", "x\n")
    yield f"a file of {len(big) // MIB} MiB, a word wrong", big, fuzzy, None, 30

    same = "    same\n" * 200_000
    yield "200,000 equal lines, a search of 3,000 and one more", same, block("a.py", "    same\n" * 3_000 + "    last\n", ""), None, 20
    noise = random.Random(1)
    letters = "".join(noise.choice("ab") + "\n" for _ in range(20_000))
    yield "20,000 lines of two letters", letters, block("a.py", "".join(noise.choice("ab") + "\n" for _ in range(200)), ""), None, 20
    dots = "line 1\n" + "...\n" * 2_000 + "line 9\n"
    yield "2,000 elisions", "".join(f"line {n}\n" for n in range(10_000)), block("a.py", dots, dots), None, 20

    lines = [f"value_{n} = {n}\n" for n in range(10_000)]
    reply = "".join(block("a.py", f"value_{n} = {n}\n", f"value_{n} = -{n}\n") for n in range(10_000))
    yield "10,000 blocks on one file", "".join(lines), reply, "".join(line.replace("= ", "= -") for line in lines), 60
    open_only = "a.py\n<<<<<<< SEARCH\n" * 20_000
    yield "20,000 blocks that are only opened", text, open_only, None, 10
    fences = "````````\n" * 50_000
    yield "50,000 fences", text, fences, None, 10
    yield "ten million angle brackets", text, "<" * 10_000_000, None, 10
    yield "a JSON call that nests 100,000 deep", text, '{"edits": ' + "[" * 100_000, None, 10
    yield "two million path-like lines", text, "src/a.rs:\n" * 2_000_000, None, 20
    diff = "```diff\n--- a/a.py\n+++ b/a.py\n" + "@@ -1,1 +1,1 @@\n-beta = 2\n+beta = 2\n" * 20_000 + "```\n"
    yield "20,000 hunks that do nothing", text, diff, None, 20
    number = "```diff\n--- a/a.py\n+++ b/a.py\n@@ -99999999999999999999,18446744073709551615 +0,0 @@\n-beta = 2\n+beta = 5\n```\n"
    yield "line numbers beyond any", text, number, text.replace("beta = 2", "beta = 5"), 1


def peak_mib(process):
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", help="a driver that is built already")
    parser.add_argument("--only", help="cases whose name holds this")
    args = parser.parse_args()
    driver = args.driver or programs.build_driver()
    failed = 0
    print("| case | answer | s | MiB at most |\n|---|---|---|---|")
    for name, before, reply, right, seconds in cases():
        if args.only and args.only not in name:
            continue
        ours = programs.Ours(driver)
        begun = time.perf_counter()
        try:
            status, after, why = ours.apply("", "a.py", before, reply)
        except ValueError:
            status, after, why = "CRASHED", None, f"exit {ours.process.wait()}"
        spent = time.perf_counter() - begun
        memory = peak_mib(ours.process)
        ours.process.kill()
        done = status == "applied" and after != before
        wrong = status == "CRASHED" or (done and after != right)
        slow = spent > seconds or memory > 200 + 20 * (len(before) + len(reply)) / MIB
        failed += wrong or slow
        verdict = "**WRONG** " if wrong else "**OVER** " if slow else ""
        print(f"| {name} | {verdict}{status}{': ' + why[:60] if why else ''} | {spent:.2f} | {memory} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
