"""Damaged edits through mlx-code and its rivals: right, refused, wrong.

    $ python -m venv peers-env
    $ peers-env/bin/pip install --no-deps -r benches/peers/requirements.txt
    $ peers-env/bin/python benches/peers/edit_table.py --repos FOLDER --write

FOLDER is where the repositories lie or are cloned to (harvest.py names them
and their commits). --write puts the tables into docs/editing.md. The last
lines tell each edit that mlx-code applied wrongly, and then it ends with 1.

The rivals take about a processor-hour for the thousand, most of it mpatch's
search. What they did is kept in FOLDER; --minutes ends it earlier, and a later
run goes on. The table beside them is of the edits that all have done.
"""

import argparse
import hashlib
import itertools
import json
import multiprocessing
import random
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import damage
import harvest
import programs
import render

PAGE = programs.ROOT / "docs" / "editing.md"
TITLES = {"search_replace": "SEARCH/REPLACE blocks", "diff": "Unified diffs", "patch": "`apply_patch` envelopes"}


def verdict(case, status, after):
    if status in ("refused", "none"):
        return "refused"
    if case.truth is None:
        return "refused" if status == "already" or after == case.before else "wrong"
    return "right" if status == "applied" and after == case.truth else "wrong"


def tasks(edits, seed, only):
    """Every damaged edit that can be made: (key, kind, edit, case, reply)."""
    for entry in damage.DAMAGES:
        if only and entry[0] not in only:
            continue
        for edit in edits:
            case = damage.damaged(edit, entry, seed)
            if case is None or is_named_elsewhere(case) or is_change_hidden(edit, entry, case):
                continue
            for kind in entry[4]:
                yield entry[0], kind, edit, case, render.FORMATS[kind](edit, case, seed)


def is_named_elsewhere(case):
    """Whether the search stands byte for byte elsewhere, and not where it is meant.

    A blank line that is left out can make it the exact text of another place.
    The reply then names that place, and every program takes it.
    """
    lines = case.before.split("\n")
    search = [search for search, _ in case.rows if search is not None]
    places = [i for i in range(len(lines)) if lines[i : i + len(search)] == search]
    return bool(places) and case.start not in places


def is_change_hidden(edit, entry, case):
    """Whether a blank line is damaged among blank lines that the edit changes.

    An edit that adds a blank line beside another, of which the search already
    holds one too many, has the same two in both halves. That is, letter for
    letter, the reply of the row *blank line added, both*, in which the right
    answer is the other one. So it is with an edit that removes one of two:
    two become one, where the file has one, is what an edit says that changes
    none of them and misquotes the search alone.
    """
    if not entry[0].startswith(("blank_added", "blank_dropped")):
        return False
    old, new = damage.rows_of(edit), case.rows
    at = next(i for i, (a, b) in enumerate(zip(old, new)) if a != b)

    def blanks(half):
        """The blank lines of the undamaged half around the place of the damage."""
        texts = lambda rows: [row[half].strip() for row in rows if row[half] is not None]
        above = itertools.takewhile(lambda text: not text, reversed(texts(old[:at])))
        below = itertools.takewhile(lambda text: not text, texts(old[at:]))
        return len(list(above)) + len(list(below))

    return blanks(0) != blanks(1)


class Kept:
    """Verdicts on the rivals, by edit: they take hours, so they are kept."""

    def __init__(self, folder, peers, seed):
        names = ",".join(f"{peer.name}-{peer.version}" for peer in peers)
        key = hashlib.sha256(json.dumps([names, seed, RULES]).encode()).hexdigest()[:12]
        self.place = folder / f"rivals-{key}.json"
        self.known = json.loads(self.place.read_text()) if self.place.exists() else {}

    def judge(self, edits, seed, jobs, minutes):
        """Judges further edits until the minutes are over."""
        end = time.monotonic() + 60 * minutes
        wanted = [(edit, seed) for edit in edits if edit.name not in self.known]
        with multiprocessing.Pool(jobs) as pool:
            for name, found in pool.imap_unordered(rivals_verdicts, wanted):
                self.known[name] = found
                self.place.write_text(json.dumps(self.known))
                if time.monotonic() > end:
                    pool.terminate()
                    return


# What verdicts depend on: other rules, other verdicts.
RULES = [Path(module.__file__).read_text() for module in (damage, render)]


def rivals_verdicts(task):
    """All verdicts on one edit: [damage, format, program, verdict]."""
    edit, seed = task
    found = []
    peers, _ = programs.peers()
    for key, kind, _, case, reply in tasks([edit], seed, None):
        for peer in peers:
            if kind in peer.formats:
                status, after, _ = peer.apply(kind, edit.path, case.before, reply)
                found.append([key, kind, peer.name, verdict(case, status, after)])
    return edit.name, found


def table(kind, counts, names):
    """One table; counts[key, program] counts verdicts."""
    names = [name for name in names if any(program == name for _, program in counts)]
    lines = ["| damage | edits | " + " | ".join(names) + " |", "|---|---|" + "---|" * len(names)]
    total = defaultdict(Counter)

    def cell(counter):
        wrong = counter["wrong"]
        return f"{counter['right']} / {counter['refused']} / {f'**{wrong}**' if wrong else 0}"

    for key, title, _, _, formats in damage.DAMAGES:
        if kind not in formats or (key, names[0]) not in counts:
            continue
        cells = [counts[key, name] for name in names]
        for name, counter in zip(names, cells):
            total[name] += counter
        lines.append(f"| {title} | {cells[0].total()} | " + " | ".join(map(cell, cells)) + " |")
    lines.append(
        f"| **all** | {total[names[0]].total()} | " + " | ".join(cell(total[name]) for name in names) + " |"
    )
    return f"### {TITLES[kind]}\n\n" + "\n".join(lines) + "\n"


def write(text):
    begin, end = "<!-- edit-table:begin -->\n", "<!-- edit-table:end -->"
    page = PAGE.read_text()
    head, rest = page.split(begin)
    _, tail = rest.split(end)
    PAGE.write_text(f"{head}{begin}\n{text}\n{end}{tail}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--first", type=int, help="only so many of them, a fair sample")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--driver", help="a driver that is built already")
    parser.add_argument("--only", action="append", help="a damage by its key; may be repeated")
    parser.add_argument("--kind", action="append", help="a format by its key; may be repeated")
    parser.add_argument("--minutes", type=float, default=600, help="at most, for the rivals")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the rivals")
    parser.add_argument("--alone", action="store_true", help="without the rivals")
    parser.add_argument("--wrong", type=Path, help="a folder for what mlx-code does wrongly")
    parser.add_argument("--write", action="store_true", help="write docs/editing.md")
    args = parser.parse_args()

    edits = harvest.load(args.repos, args.edits, args.seed)
    # Any first part of them is a fair sample of all.
    random.Random(args.seed).shuffle(edits)
    edits = edits[: args.first]
    kept = None
    peers, missing = ([], []) if args.alone else programs.peers()
    for name in missing:
        print(f"missing: {name}", file=sys.stderr)
    if peers:
        kept = Kept(args.repos, peers, args.seed)
        kept.judge(edits, args.seed, args.jobs, args.minutes)
    counts, beside, wrong, last = defaultdict(Counter), defaultdict(Counter), [], None
    ours = programs.Ours(args.driver or programs.build_driver())
    for key, kind, edit, case, reply in tasks(edits, args.seed, args.only):
        if args.kind and kind not in args.kind:
            continue
        if key != last:
            last = key
            print(f"{key} …", file=sys.stderr, flush=True)
        status, after, _ = ours.apply(kind, edit.path, case.before, reply)
        found = verdict(case, status, after)
        counts[kind, key, ours.name][found] += 1
        if kept and edit.name in kept.known:
            beside[kind, key, ours.name][found] += 1
        if found == "wrong":
            wrong.append((key, kind, edit, case, reply, status, after))
    text = section(f"mlx-code alone: {len(edits)} edits, seed {args.seed}.", counts, [ours.name])
    if kept:
        fair = {(key, kind, edit.name) for key, kind, edit, _, _ in tasks(edits, args.seed, None)}
        for edit in edits:
            for key, kind, name, found in kept.known.get(edit.name, []):
                # Judged before it was left out.
                if (key, kind, edit.name) not in fair:
                    continue
                beside[kind, key, name][found] += 1
        judged = sum(1 for edit in edits if edit.name in kept.known)
        versions = ", ".join(f"{peer.name} {peer.version}" for peer in peers)
        names = [ours.name] + [peer.name for peer in peers]
        head = f"Beside others: {judged} of {len(edits)} edits, seed {args.seed}, {versions}."
        shared = section(head, beside, names)
        # Of all edits, the tables would say the same twice.
        text = shared if judged == len(edits) else f"{shared}\n{text}"
    text = f"{summary(counts, len(edits))}\n\n{text}"
    print(text)
    if args.write:
        write(text)
    tell(wrong, args.wrong)
    return 1 if wrong else 0


def section(head, counts, names):
    tables = []
    for kind in TITLES:
        part = {(key, name): counter for (k, key, name), counter in counts.items() if k == kind}
        if part:
            tables.append(table(kind, part, names))
    return f"{head} Right / refused / **wrong**:\n\n" + "\n".join(tables)


def summary(counts, edits):
    """One sentence: what mlx-code does with all of them."""
    parts = []
    for kind, title in TITLES.items():
        total = sum((counter for (k, *_), counter in counts.items() if k == kind), Counter())
        wrong = f"**{total['wrong']:,} wrong**" if total["wrong"] else "none wrong"
        numbers = f"{total['right']:,} right, {total['refused']:,} refused, {wrong}"
        parts.append(f"{title}, {total.total():,}: {numbers}")
    return f"mlx-code and {edits:,} edits, each damaged in every way that it can be. {'; '.join(parts)}."


def tell(wrong, folder):
    for number, (key, kind, edit, case, reply, status, after) in enumerate(wrong):
        print(f"WRONG {key} {kind} {edit.name}: {status}", file=sys.stderr)
        if folder:
            place = folder / f"{key}-{kind}-{number:04}"
            place.mkdir(parents=True, exist_ok=True)
            texts = {"before": case.before, "after": after, "truth": case.truth, "reply.md": reply}
            for name, text in texts.items():
                (place / name).write_text("(none)" if text is None else text, newline="")


if __name__ == "__main__":
    sys.exit(main())
