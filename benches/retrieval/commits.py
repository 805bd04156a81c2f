"""Cases from history: a commit's message asks, the files that it changed answer.

The tree is the one before the commit. Left out are messages that name a
changed file, that are about no code, or that say too little; and commits that
change more than five files of code, or no code that was there before but
tests.
"""

from __future__ import annotations

import collections
import hashlib
import re
from pathlib import Path, PurePosixPath

from cases import SUFFIXES, TEST, Case, git

MOST_FILES = 5
LEAST_WORDS = 5
MOST_CHARACTERS = 400

# What is no question about code.
CHORES = re.compile(
    r"^(bump|release|merge|revert|version|prepare|update (dep|change|read|copy|licen)|upgrade|chore|ci\b|build\b|deps?\b"
    r"|docs?\b|changelog|typo|apply suggestions|fix(ed|es)? (a )?(small )?typos?|lint|format|style|cleanup|clean up|rustfmt|gofmt|\W*v?\d+\.\d+)"
    r"|\btypos?\b|\bspelling\b|\bchangelog\b|\breadme\b|dependabot|copyright|backport",
    re.IGNORECASE,
)
TRAILER = re.compile(r"^(signed-off-by|co-authored-by|reviewed-by|change-id|cc|fixes|closes|see|piperorigin-revid)\b.*$", re.IGNORECASE)
NUMBERS = re.compile(r"\(?(\b(fix(es|ed)?|close[sd]?|resolve[sd]?|refs?|pr|issue|gh-?)\s*)?#\d+\)?,?", re.IGNORECASE)
PREFIX = re.compile(r"^(fix|feat|perf|refactor|test|chore|types|wip)(\([^)]*\))?!?:\s*", re.IGNORECASE)
ADDRESS = re.compile(r"https?://\S+")


def question(message: str) -> str | None:
    """A message without what is no part of the question."""
    subject, _, rest = message.strip().partition("\n")
    if CHORES.search(subject):
        return None
    paragraph = rest.strip().split("\n\n")[0]
    lines = [line for line in paragraph.split("\n") if not TRAILER.match(line.strip())]
    text = PREFIX.sub("", subject) + ". " + " ".join(lines)
    text = NUMBERS.sub(" ", ADDRESS.sub(" ", text))
    text = re.sub(r"\s+", " ", text).strip(" .")[:MOST_CHARACTERS]
    words = re.findall(r"[A-Za-z]{2,}", text)
    return text if len(words) >= LEAST_WORDS else None


def names_a_file(text: str, paths: list[str]) -> bool:
    lower = text.lower()
    for path in map(PurePosixPath, paths):
        stem = path.name.split(".")[0].lower()
        if path.name.lower() in lower or re.search(rf"\b{re.escape(stem)}\b", lower):
            return True
    return False


def cases(name: str, repository: Path, head: str, count: int) -> list[Case]:
    """As many cases as wished, chosen by the hash of the commit."""
    log = git(repository, "log", "--no-merges", "--format=%H", head).decode().split()
    log.sort(key=lambda commit: hashlib.sha256(f"mlx-code {commit}".encode()).digest())
    # What was said twice, of a change that was taken over from another branch,
    # would be answered by the history itself.
    said = collections.Counter(git(repository, "log", "--format=%s", head).decode("utf-8", "replace").split("\n"))
    found: list[Case] = []
    for commit in log:
        if len(found) == count:
            break
        message = git(repository, "show", "-s", "--format=%B", commit).decode("utf-8", "replace")
        text = question(message)
        if text is None or said[message.strip().split("\n")[0]] > 1:
            continue
        rows = git(repository, "diff-tree", "-r", "--root", "--no-commit-id", "--name-status", "--no-renames", commit)
        changed = [row.split("\t") for row in rows.decode("utf-8", "replace").splitlines()]
        answers = [path for status, path in changed if status == "M" and path.endswith(SUFFIXES)]
        code = [path for _, path in changed if path.endswith(SUFFIXES)]
        if all(TEST.search(path) for path in answers) or len(code) > MOST_FILES or names_a_file(text, code):
            continue
        parent = git(repository, "rev-parse", f"{commit}^").decode().strip()
        found.append(Case(name, "commit", parent, text, answers))
    return found
