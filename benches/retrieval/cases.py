"""Questions with known answers, and the trees that they are asked of."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

SUFFIXES = (
    ".py", ".pyi", ".js", ".jsx", ".mjs", ".ts", ".tsx", ".vue", ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".hpp",
    ".java", ".kt", ".rb", ".php", ".cs", ".swift", ".sh", ".tcl", ".lua",
)

TEST = re.compile(r"(^|/)(tests?|__tests__|testing|testdata)/|(^|/)test_[^/]*$|_(test|spec)\.|\.(test|spec)\.|Tests?\.java$")


@dataclass
class Case:
    """One question. `answers` are the files that answer it; `lines` is the
    place of the answer where that is one place of one file."""

    source: str
    kind: str  # "commit" or "doc"
    tree: str  # the commit whose tree is asked
    query: str
    answers: list[str]
    lines: list[int] = field(default_factory=list)
    # The lines that are taken out of the tree before anything is asked: of
    # `answers`, the first and the last.
    removed: list[int] = field(default_factory=list)


def git(repository: Path, *arguments: str) -> bytes:
    command = ["git", f"--git-dir={repository}", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


def export(repository: Path, commit: str, folder: Path) -> None:
    """Writes the files of a commit below a folder, without links and without
    what the clone lacks."""
    names = {}
    for row in git(repository, "ls-tree", "-r", "-z", commit).decode("utf-8", "surrogateescape").split("\0"):
        about, _, path = row.partition("\t")
        if about.startswith("100"):
            names[path] = about.split()[2]
    command = ["git", f"--git-dir={repository}", "cat-file", "--batch"]
    wanted = "".join(f"{blob}\n" for blob in names.values()).encode()
    answer = io.BytesIO(subprocess.run(command, input=wanted, capture_output=True, check=True).stdout)
    for path in names:
        head = answer.readline().split()
        if head[1] == b"missing":
            continue
        content = answer.read(int(head[2]) + 1)[:-1]
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def with_history(repository: Path, commit: str, folder: Path) -> None:
    """Makes a tree a work tree at that commit: what was said before it can be
    read, as on the machine of whoever works on it."""
    place = folder / ".git"
    (place / "objects" / "info").mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "objects" / "info" / "alternates").write_text(f"{(repository / 'objects').resolve()}\n")
    (place / "HEAD").write_text(f"{commit}\n")
    (place / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")


def remove(folder: Path, cases: list[Case]) -> None:
    """Takes out of a tree what its cases ask with; all lines keep their numbers."""
    for case in cases:
        if case.removed:
            (first, last), file = case.removed, folder / case.answers[0]
            lines = file.read_text(encoding="utf-8").split("\n")
            lines[first - 1 : last] = [""] * (last - first + 1)
            file.write_text("\n".join(lines), encoding="utf-8")


def save(cases: list[Case], path: Path) -> None:
    path.write_text("".join(json.dumps(asdict(case)) + "\n" for case in cases), encoding="utf-8")


def load(path: Path) -> list[Case]:
    return [Case(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
