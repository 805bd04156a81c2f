"""Real edits from the history of git repositories."""

import hashlib
import json
import random
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

# What the edits are taken from, each up to a fixed commit, so that every run
# sees the same thousand. Languages: Python, TypeScript, Go, Rust, C, Java.
SOURCES = [
    ("requests", "https://github.com/psf/requests", "1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e"),
    ("ky", "https://github.com/sindresorhus/ky", "3419113b48e034fdcf8fa6bd3be3da7b3d0d758f"),
    ("mux", "https://github.com/gorilla/mux", "db9d1d0073d27a0a2d9a8c1bc52aa0af4374d265"),
    ("ripgrep", "https://github.com/BurntSushi/ripgrep", "3fce3b5bb0236da2df6d99672afb8a719642eca7"),
    ("cJSON", "https://github.com/DaveGamble/cJSON", "a29814f285cc531c00223743ad3c55cd38c0dc56"),
    ("gson", "https://github.com/google/gson", "9835b6f90192f79cdf5300c528fc6212455fb6c1"),
]
SUFFIXES = (".py", ".ts", ".tsx", ".js", ".go", ".rs", ".c", ".h", ".java")
MARKERS = re.compile(r"^\s*(```|~~~|[<=>]{5,}|\*\*\* |@@|\.\.\.\s*$)")
HEADING = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@")
MOST_BYTES = 400_000


@dataclass
class Edit:
    """One hunk of a commit: `rows` are (sign, line) as in a unified diff."""

    source: str
    commit: str
    path: str
    before: str
    start: int  # first line of the hunk in `before`, from zero
    rows: list

    @property
    def name(self):
        return f"{self.source}-{self.commit[:10]}-{self.path}-{self.start}"

    @property
    def lines(self):
        return self.before.split("\n")

    def old(self):
        return [line for sign, line in self.rows if sign != "+"]

    def new(self):
        return [line for sign, line in self.rows if sign != "-"]

    def after(self):
        lines = self.lines
        end = self.start + len(self.old())
        assert lines[self.start : end] == self.old(), self.name
        return "\n".join(lines[: self.start] + self.new() + lines[end:])


def git(folder, *args):
    done = subprocess.run(["git", f"--git-dir={folder}", *args], capture_output=True, check=True)
    return done.stdout


def clone(folder, name, url, commit):
    place = folder / f"{name}.git"
    if not place.exists():
        subprocess.run(["git", "clone", "--quiet", "--bare", url, place], check=True)
    git(place, "cat-file", "-e", commit)
    return place


def hunks(patch):
    """The hunks of one file's patch: (first line from zero, rows)."""
    found, rows = [], None
    for line in patch.split("\n"):
        heading = HEADING.match(line)
        if heading:
            first, count = int(heading[1]), int(heading[2] or 1)
            rows = []
            found.append((first - 1 if count else first, rows))
        elif rows is not None and line[:1] in (" ", "-", "+"):
            rows.append((line[0], line[1:]))
        elif rows is not None and line.startswith("\\"):
            rows.append(("\\", ""))
    return found


def usable(rows):
    signs = {sign for sign, _ in rows}
    texts = [line for sign, line in rows if sign != "+"]
    return (
        "\\" not in signs
        and signs & {"-", "+"}
        and sum(1 for line in texts if line.strip()) >= 3
        and len(rows) <= 60
        and not any(MARKERS.match(line) for _, line in rows)
        and all(line.isprintable() or "\t" in line for _, line in rows if line.strip("\r\t"))
    )


def from_commit(place, source, commit, rng):
    """One edit of a commit, or none."""
    patch_args = ["diff-tree", "-p", "-U3", "-r", "--no-renames", "--diff-filter=M", f"{commit}^", commit]
    names = git(place, *patch_args[:1], "-r", "--name-only", *patch_args[4:]).decode("utf-8", "replace")
    names = [name for name in names.split("\n") if name.endswith(SUFFIXES)]
    rng.shuffle(names)
    for path in names[:3]:
        try:
            before = git(place, "show", f"{commit}^:{path}").decode("utf-8")
            patch = git(place, *patch_args, "--", path).decode("utf-8")
        except (UnicodeDecodeError, subprocess.CalledProcessError):
            continue
        # A byte order mark is part of no line that a model would write.
        if len(before) > MOST_BYTES or before.startswith("\ufeff") or not before.endswith("\n"):
            continue
        candidates = [(start, rows) for start, rows in hunks(patch) if usable(rows)]
        if candidates:
            start, rows = rng.choice(candidates)
            edit = Edit(source, commit, path, before, start, rows)
            if edit.after() != before:
                return edit
    return None


def harvest(folder, count, seed):
    """`count` edits, the same number from each source; kept in `folder`."""
    key = hashlib.sha256(json.dumps([SOURCES, count, seed]).encode()).hexdigest()[:12]
    cache = folder / f"edits-{key}.json"
    if cache.exists():
        return [Edit(**edit) for edit in json.loads(cache.read_text())]
    places = [(name, clone(folder, name, url, commit), commit) for name, url, commit in SOURCES]
    edits = []
    for number, (name, place, tip) in enumerate(places):
        wanted = (count - len(edits)) // (len(places) - number)
        commits = git(place, "rev-list", "--no-merges", "--min-parents=1", tip).decode().split()
        rng = random.Random(f"{seed}:{name}")
        rng.shuffle(commits)
        found = []
        # A second round where a history is short: another hunk of its commits.
        for commit in commits * 3:
            if len(found) == wanted:
                break
            edit = from_commit(place, name, commit, rng)
            if edit and all(edit.name != other.name for other in found):
                found.append(edit)
        edits += found
    cache.write_text(json.dumps([asdict(edit) for edit in edits]))
    return edits


def load(folder, count, seed):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return harvest(folder, count, seed)
