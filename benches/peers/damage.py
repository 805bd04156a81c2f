"""Ways in which a model copies lines badly.

What counts as right was fixed before anything was run. An edit is *right* if
the file is then, byte for byte, what the commit made of it: lines that the
edit keeps stay as the file has them, however badly the reply copied them. It
is *refused* if the program says that it does not fit, or finds no edit in the
reply. Everything else is *wrong*: another file, or "done" without a change.
Where a row says so, only a refusal (or no change) is right.

A row of an edit is a pair (search, replace): the same line twice where it
stays, None on one side where it goes or comes. "search" damages only what is
looked for; "both" damages the lines that stay in both halves, as a model does
that misremembers a line. Only the latter can be written as a diff.
"""

import random
import re
from dataclasses import dataclass

CURLY = str.maketrans({"'": "\u2019"})
WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]{2,}")
OTHER_WORDS = ["result", "handler", "options", "buffer", "client", "index", "config", "payload"]


@dataclass
class Case:
    """A damaged edit. `truth` is the file that is right; None: only a refusal."""

    before: str
    rows: list
    truth: str | None
    start: int
    numbers: str = "off"  # the heading of a diff: right, off, none, counts


def rows_of(edit):
    pairs = {" ": lambda t: (t, t), "-": lambda t: (t, None), "+": lambda t: (None, t)}
    return [pairs[sign](line.removesuffix("\r")) for sign, line in edit.rows]


def case(edit, rows, **more):
    return Case(edit.before, rows, edit.after(), edit.start, **more)


def searched(rows):
    """Indices of the rows that are looked for."""
    return [i for i, (search, _) in enumerate(rows) if search is not None]


def kept(rows):
    return [i for i, (search, replace) in enumerate(rows) if search is not None and replace is not None]


def inner(rows, only_kept):
    """Searched rows between the first and the last one with words.

    Without one of those the rest would be an exact search, and the reply would
    ask, word for word, for the line to stand there twice.
    """
    full = [i for i in searched(rows) if rows[i][0].strip()]
    allowed = set(kept(rows) if only_kept else searched(rows))
    return [i for i in range(full[0] + 1, full[-1]) if i in allowed]


def change(row, text, both):
    """The row with another text to look for; `both`: also to keep."""
    search, replace = row
    return (text, text if both and replace is not None else replace)


def none(edit, rng, both):
    return case(edit, rows_of(edit), numbers="right")


def indent(edit, rng, both):
    """All indentation is lost, or there is a level too much."""
    rows = rows_of(edit)
    texts = [text for row in rows for text in row if text and text.strip()]
    common = min((len(t) - len(t.lstrip()) for t in texts), default=0)
    # What is common must be the same characters to be taken off.
    if common and len({t[:common] for t in texts}) == 1:
        shift = lambda t: t[common:] if t.strip() else t
    else:
        step = "\t" if any(t.startswith("\t") for t in texts) else "    "
        shift = lambda t: step + t if t.strip() else t
    return case(edit, [tuple(t if t is None else shift(t) for t in row) for row in rows])


def tabs(edit, rng, both):
    """Tabs for spaces, or spaces for tabs, in all lines."""
    rows = rows_of(edit)
    texts = [text for row in rows for text in row if text]
    blanks = [re.match(r"[ \t]*", t)[0] for t in texts]
    if any("\t" in b for b in blanks):
        if any(" " in b for b in blanks):
            return None
        swap = lambda t: re.sub(r"^\t+", lambda m: "    " * len(m[0]), t)
    else:
        unit = 2 if any(len(b) % 4 == 2 for b in blanks) else 4
        if any(len(b) % unit for b in blanks) or not any(blanks):
            return None
        swap = lambda t: re.sub(r"^ +", lambda m: "\t" * (len(m[0]) // unit), t)
    swapped = [tuple(t if t is None else swap(t) for t in row) for row in rows]
    # Where nothing that is looked for shows it, the new lines are as they are.
    if all(old[0] == new[0] for old, new in zip(rows, swapped)):
        return None
    return case(edit, swapped)


def trailing(edit, rng, both):
    """Spaces at the ends of some lines."""
    rows = rows_of(edit)
    places = kept(rows) if both else searched(rows)
    if not places:
        return None
    for i in rng.sample(places, max(1, len(places) // 3)):
        rows[i] = change(rows[i], rows[i][0] + " " * rng.randint(1, 3), both)
    return case(edit, rows)


def blank_dropped(edit, rng, both):
    rows = rows_of(edit)
    places = [i for i in inner(rows, True) if not rows[i][0].strip()]
    if not places:
        return None
    i = rng.choice(places)
    rows[i] = (None, None if both else rows[i][1])
    return case(edit, rows)


def blank_added(edit, rng, both):
    rows = rows_of(edit)
    places = inner(rows, True)
    if not places:
        return None
    rows.insert(rng.choice(places), ("", "" if both else None))
    return case(edit, rows)


def line_dropped(edit, rng, both):
    """A line with words is left out; never the first or the last one."""
    rows = rows_of(edit)
    places = [i for i in inner(rows, both) if rows[i][0].strip()]
    if not places or len(searched(rows)) < 4:
        return None
    i = rng.choice(places)
    rows[i] = (None, None if both else rows[i][1])
    return case(edit, rows)


def other_word(text, rng):
    words = list(WORD.finditer(text))
    if not words:
        return None
    word = rng.choice(words)
    other = rng.choice([other for other in OTHER_WORDS if other != word[0]])
    return text[: word.start()] + other + text[word.end() :]


def word(edit, rng, both):
    """One word of one line is another one."""
    rows = rows_of(edit)
    places = kept(rows) if both else searched(rows)
    places = [i for i in places if WORD.search(rows[i][0])]
    if not places:
        return None
    i = rng.choice(places)
    rows[i] = change(rows[i], other_word(rows[i][0], rng), both)
    return case(edit, rows)


def typo(edit, rng, both):
    """One letter of one line is missing."""
    rows = rows_of(edit)
    places = kept(rows) if both else searched(rows)
    places = [i for i in places if WORD.search(rows[i][0])]
    if not places:
        return None
    i = rng.choice(places)
    found = rng.choice(list(WORD.finditer(rows[i][0])))
    at = rng.randrange(found.start() + 1, found.end())
    rows[i] = change(rows[i], rows[i][0][:at] + rows[i][0][at + 1 :], both)
    return case(edit, rows)


def quotes(edit, rng, both):
    """Straight quotes became curly."""
    rows = rows_of(edit)
    changed = False
    for i in kept(rows) if both else searched(rows):
        halves = iter("\u201c\u201d" * len(rows[i][0]))
        text = re.sub('"', lambda _: next(halves), rows[i][0]).translate(CURLY)
        changed |= text != rows[i][0]
        rows[i] = change(rows[i], text, both)
    return case(edit, rows) if changed else None


def doubled(edit, rng, both):
    """A line stands there twice."""
    rows = rows_of(edit)
    places = [i for i in inner(rows, both) if rows[i][0].strip()]
    if not places:
        return None
    i = rng.choice(places)
    rows.insert(i, (rows[i][0], rows[i][0] if both else None))
    return case(edit, rows)


def last_cut(edit, rng, both):
    """The last line that is looked for ends in its middle."""
    rows = rows_of(edit)
    i = searched(rows)[-1]
    text = rows[i][0]
    length = len(text.strip())
    if length < 8 or (both and rows[i][1] is None):
        return None
    rows[i] = change(rows[i], text[: len(text) - length + rng.randint(length // 3, length - 2)], both)
    return case(edit, rows)


def less_context(edit, rng, both):
    """The lines that stay above or below the change are left out."""
    rows = rows_of(edit)
    changed = [i for i, (search, replace) in enumerate(rows) if search != replace]
    first, last = changed[0], changed[-1]
    short = rows[first:] if rng.random() < 0.5 else rows[: last + 1]
    start = edit.start + (first if short[0] is rows[first] else 0)
    if short == rows or sum(1 for search, _ in short if search and search.strip()) < 2:
        return None
    return Case(edit.before, short, edit.after(), start)


def with_more_context(edit, size):
    lines, count = edit.lines, len(edit.old())
    top = max(0, edit.start - size)
    clean = lambda part: [(t.removesuffix("\r"),) * 2 for t in part]
    end = edit.start + count
    below = lines[end : min(len(lines) - 1, end + size)]
    return clean(lines[top : edit.start]) + rows_of(edit) + clean(below), top


def elided_context(edit, rng, both):
    """`...` stands for lines that stay, in both halves."""
    rows, start = with_more_context(edit, 9)
    runs, run = [], []
    for i, (search, replace) in enumerate(rows + [(None, "")]):
        if search is not None and search == replace:
            run.append(i)
        else:
            runs, run = runs + [run], []
    runs = [run for run in runs if len(run) >= 7]
    if not runs or not any(rows[i][0].strip() for i in runs[0][:2]):
        return None
    run = rng.choice(runs)
    pad = re.match(r"\s*", rows[run[2]][0])[0]
    dots = (pad + "...", pad + "...")
    rows[run[2] : run[-2]] = [dots]
    return Case(edit.before, rows, edit.after(), start)


def elided_removed(edit, rng, both):
    """`...` stands for the middle of the lines that go."""
    rows = rows_of(edit)
    gone = [i for i, (search, replace) in enumerate(rows) if replace is None]
    if len(gone) < 5 or gone[-1] - gone[0] != len(gone) - 1:
        return None
    pad = re.match(r"\s*", rows[gone[2]][0])[0]
    rows[gone[2] : gone[-2]] = [(pad + "...", None)]
    return case(edit, rows)


def copy_at(edit, rng, copy):
    """The file with `copy` put in elsewhere, and where the edit is then."""
    lines, end = edit.lines, edit.start + len(edit.old())
    places = [i for i in range(len(lines)) if not edit.start < i < end]
    at = rng.choice(places)
    new = lines[:at] + copy + lines[at:]
    start = edit.start + (len(copy) if at <= edit.start else 0)
    done = new[:start] + edit.new() + new[start + len(edit.old()) :]
    return "\n".join(new), start, "\n".join(done)


def copied(edit, rng, both):
    """The same lines stand elsewhere too."""
    before, start, truth = copy_at(edit, rng, edit.old())
    return Case(before, rows_of(edit), truth, start)


def copied_numbered(edit, rng, both):
    """The same, and the line number in the diff is right."""
    before, start, truth = copy_at(edit, rng, edit.old())
    return Case(before, rows_of(edit), truth, start, numbers="right")


def near_copy(edit, rng):
    """The region with a word of one line changed, put in elsewhere."""
    old = edit.old()
    places = [i for i, line in enumerate(old) if WORD.search(line)]
    if not places:
        return None
    i = rng.choice(places)
    twin = old[:i] + [other_word(old[i], rng)] + old[i + 1 :]
    return copy_at(edit, rng, twin)


def twin(edit, rng, both):
    """Lines that differ in a word stand elsewhere; the search is exact."""
    made = near_copy(edit, rng)
    return made and Case(made[0], rows_of(edit), made[2], made[1])


def twin_word(edit, rng, both):
    """The same, and a word of the search is another one."""
    made, damaged = near_copy(edit, rng), word(edit, rng, both)
    return made and damaged and Case(made[0], damaged.rows, made[2], made[1])


def cousin(edit, rng, both):
    """In place of the lines stand others; every second differs in a word: refuse."""
    old, lines = edit.old(), edit.lines
    places = [i for i, line in enumerate(old) if WORD.search(line)]
    if len(places) < 4:
        return None
    other = list(old)
    for i in places[::2]:
        other[i] = other_word(other[i], rng)
    before = lines[: edit.start] + other + lines[edit.start + len(old) :]
    return Case("\n".join(before), rows_of(edit), None, edit.start)


def gone(edit, rng, both):
    """The lines are no longer in the file: refuse."""
    lines, end = edit.lines, edit.start + len(edit.old())
    return Case("\n".join(lines[: edit.start] + lines[end:]), rows_of(edit), None, edit.start)


def applied(edit, rng, both):
    """The edit was made before: refuse, or change nothing."""
    return Case(edit.after(), rows_of(edit), None, edit.start)


def numbers_off(edit, rng, both):
    return case(edit, rows_of(edit), numbers="off")


def numbers_none(edit, rng, both):
    return case(edit, rows_of(edit), numbers="none")


def counts_wrong(edit, rng, both):
    return case(edit, rows_of(edit), numbers="counts")


ALL = ("search_replace", "diff", "patch")
SEARCH, HUNKS, DIFF = ALL[:1], ALL[1:], ALL[1:2]

# (key, what the table calls it, function, both, formats)
DAMAGES = [
    ("none", "none", none, False, ALL),
    ("indent", "indentation shifted", indent, True, ALL),
    ("tabs", "tabs for spaces, spaces for tabs", tabs, True, ALL),
    ("trailing", "trailing white space, search", trailing, False, SEARCH),
    ("trailing_both", "trailing white space, both", trailing, True, ALL),
    ("blank_dropped", "blank line dropped, search", blank_dropped, False, SEARCH),
    ("blank_dropped_both", "blank line dropped, both", blank_dropped, True, ALL),
    ("blank_added", "blank line added, search", blank_added, False, SEARCH),
    ("blank_added_both", "blank line added, both", blank_added, True, ALL),
    ("line_dropped", "line dropped, search", line_dropped, False, SEARCH),
    ("line_dropped_both", "line dropped, both", line_dropped, True, ALL),
    ("doubled", "line doubled, search", doubled, False, SEARCH),
    ("doubled_both", "line doubled, both", doubled, True, ALL),
    ("word", "word changed, search", word, False, SEARCH),
    ("word_both", "word changed, both", word, True, ALL),
    ("typo", "letter missing, search", typo, False, SEARCH),
    ("typo_both", "letter missing, both", typo, True, ALL),
    ("quotes", "curly quotes, search", quotes, False, SEARCH),
    ("quotes_both", "curly quotes, both", quotes, True, ALL),
    ("last_cut", "last line cut, search", last_cut, False, SEARCH),
    ("last_cut_both", "last line cut, both", last_cut, True, ALL),
    ("less_context", "context of one side left out", less_context, True, ALL),
    ("elided_context", "`...` for lines that stay", elided_context, True, ALL),
    ("elided_removed", "`...` for lines that go", elided_removed, True, ALL),
    ("numbers_off", "line numbers wrong", numbers_off, True, DIFF),
    ("numbers_none", "no line numbers", numbers_none, True, DIFF),
    ("counts_wrong", "line counts wrong", counts_wrong, True, DIFF),
    ("copied", "same lines elsewhere too", copied, True, ALL),
    ("copied_numbered", "same lines elsewhere, number right", copied_numbered, True, DIFF),
    ("twin", "twin elsewhere", twin, True, ALL),
    ("twin_word", "twin elsewhere, word changed, search", twin_word, False, SEARCH),
    ("twin_word_both", "twin elsewhere, word changed, both", twin_word, True, ALL),
    ("cousin", "every second line differs in a word", cousin, True, ALL),
    ("gone", "lines gone from the file", gone, True, ALL),
    ("applied", "edit made before", applied, True, ALL),
]


def words_of(lines):
    return ["".join(line.split()) for line in lines if line.strip()]


def elsewhere(case):
    """Whether the damaged search stands, but for white space, at another place
    and not at the one that is meant: then the reply names that other place, and
    no program can know better.
    """
    search = words_of(s for s, _ in case.rows if s is not None)
    lines = case.before.split("\n")
    meant = len(words_of(lines[: case.start]))
    words = words_of(lines)
    count = len(search)
    places = [i for i in range(len(words) - count + 1) if words[i] == search[0] and words[i : i + count] == search]
    return bool(places) and meant not in places


def damaged(edit, damage, seed):
    """The damaged edit, or none where this damage cannot be done to it."""
    key, _, function, both, _ = damage
    rng = random.Random(f"{seed}:{key.removesuffix('_both')}:{edit.name}")
    case = function(edit, rng, both)
    if case is None or elsewhere(case):
        return None
    if key in ("gone", "cousin") and case.before.count("\n".join(edit.old())):
        return None
    return case
