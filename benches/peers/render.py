"""An edit as a model's reply, in three formats."""

import random
from pathlib import PurePosixPath


def search_replace(edit, case, seed):
    search = "".join(f"{s}\n" for s, _ in case.rows if s is not None)
    replace = "".join(f"{r}\n" for _, r in case.rows if r is not None)
    language = PurePosixPath(edit.path).suffix[1:]
    return (
        f"Here is the change.\n\n{edit.path}\n```{language}\n<<<<<<< SEARCH\n{search}"
        f"=======\n{replace}>>>>>>> REPLACE\n```\n"
    )


def hunk_lines(rows):
    lines = []
    for search, replace in rows:
        if search is not None and search == replace:
            lines.append(" " + search)
            continue
        assert search is None or replace is None, "only whole rows can be written as a diff"
        if search is not None:
            lines.append("-" + search)
        if replace is not None:
            lines.append("+" + replace)
    return lines


def heading(case, rng):
    """`@@ … @@` of a hunk; never right where it is to be wrong."""
    if case.numbers == "none":
        return "@@ ... @@"
    first = case.start + 1
    if case.numbers == "off":
        lines = case.before.split("\n")
        right, old = first, [s for s, _ in case.rows if s is not None]
        while first == right or [line.removesuffix("\r") for line in lines[first - 1 :][: len(old)]] == old:
            step = rng.randint(1, max(3, len(lines) // 3))
            first = right + step if right - step < 1 or rng.random() < 0.5 else right - step
    old = sum(1 for search, _ in case.rows if search is not None)
    new = sum(1 for _, replace in case.rows if replace is not None)
    if case.numbers == "counts":
        old, new = old + rng.choice([-2, -1, 1, 2, 5]), new + rng.choice([-2, -1, 1, 2, 5])
    return f"@@ -{first},{max(1, old)} +{first},{max(1, new)} @@"


def diff(edit, case, seed):
    rng = random.Random(f"{seed}:heading:{edit.name}")
    lines = "".join(f"{line}\n" for line in hunk_lines(case.rows))
    name = edit.path
    head = heading(case, rng)
    return f"Here is the change.\n\n```diff\n--- a/{name}\n+++ b/{name}\n{head}\n{lines}```\n"


def patch(edit, case, seed):
    lines = "".join(f"{line}\n" for line in hunk_lines(case.rows))
    return f"*** Begin Patch\n*** Update File: {edit.path}\n@@\n{lines}*** End Patch\n"


FORMATS = {"search_replace": search_replace, "diff": diff, "patch": patch}
