"""The programs that are compared. Each is opened on a tree and asked; an
answer is a list of places, best first: path, first line, last line."""

from __future__ import annotations

import collections
import functools
import importlib
import json
import math
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Protocol

from cases import SUFFIXES

ROOT = Path(__file__).resolve().parents[2]
MOST_HITS = 100
MOST_BYTES = 1_000_000

Place = tuple[str, int, int]


class System(Protocol):
    name: str
    # Whether a place is a part of a file, or always the whole.
    gives_places: bool

    def open(self, tree: Path) -> None: ...

    def ask(self, query: str) -> list[Place]: ...


class Ours:
    """A process that reads a tree into an index and answers questions of it."""

    name = "mlx-code"
    gives_places = True
    kind = "auto"

    def __init__(self) -> None:
        self.program = built()
        self.process: subprocess.Popen | None = None

    def open(self, tree: Path) -> None:
        if self.process:
            self.process.stdin.close()
            self.process.wait()
        self.folder = tempfile.TemporaryDirectory()
        command = [self.program, str(tree), str(MOST_HITS), f"{self.folder.name}/index", self.kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, query: str) -> list[Place]:
        print(json.dumps(query), file=self.process.stdin, flush=True)
        return [(path, first, last) for path, first, last in json.loads(self.process.stdout.readline())]


class OursLexical(Ours):
    name = "mlx-code, `lexical`"
    kind = "lexical"


class OursSymbol(Ours):
    name = "mlx-code, `symbol`"
    kind = "symbol"


class OursSemantic(Ours):
    name = "mlx-code, `semantic`"
    kind = "semantic"


@functools.cache
def built() -> str:
    command = ["cargo", "build", "--release", "-p", "mlxcode-context", "--example", "search"]
    done = subprocess.run([*command, "--message-format=json"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    return next(m["executable"] for m in reversed(messages) if m.get("executable"))


def words(text: str) -> list[str]:
    """Identifiers and their parts, in lower case."""
    found = []
    for word in re.findall(r"[A-Za-z][A-Za-z0-9]*", text.replace("_", " ")):
        parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+", word)
        found += [part.lower() for part in parts] + ([word.lower()] if len(parts) > 1 else [])
    return found


class Bm25:
    """BM25 over whole files and the words of their paths, and nothing else."""

    name = "BM25 over files"
    gives_places = False
    k1, b = 1.2, 0.75

    def open(self, tree: Path) -> None:
        self.paths, self.lengths = [], []
        self.postings: dict[str, list[tuple[int, int]]] = collections.defaultdict(list)
        for file in sorted(tree.rglob("*")):
            if file.suffix not in SUFFIXES or not file.is_file() or file.stat().st_size > MOST_BYTES:
                continue
            path = file.relative_to(tree).as_posix()
            counts = collections.Counter(words(path + "\n" + file.read_text(encoding="utf-8", errors="replace")))
            for word, count in counts.items():
                self.postings[word].append((len(self.paths), count))
            self.paths.append(path)
            self.lengths.append(sum(counts.values()))
        self.mean = sum(self.lengths) / max(len(self.lengths), 1)

    def ask(self, query: str) -> list[Place]:
        scores: dict[int, float] = collections.defaultdict(float)
        for word in set(words(query)):
            found = self.postings.get(word, [])
            rarity = math.log(1 + (len(self.paths) - len(found) + 0.5) / (len(found) + 0.5))
            for file, count in found:
                length = 1 - self.b + self.b * self.lengths[file] / self.mean
                scores[file] += rarity * count * (self.k1 + 1) / (count + self.k1 * length)
        best = sorted(scores, key=lambda file: (-scores[file], self.paths[file]))[:MOST_HITS]
        return [(self.paths[file], 1, 1 << 30) for file in best]


class Semble:
    """Its pipeline without the vectors, whose model is a download: chunks,
    BM25, boosts and penalties, as `alpha=0` asks."""

    name = "semble, no model"
    gives_places = True

    def __init__(self) -> None:
        numpy = importlib.import_module("numpy")
        self.index = importlib.import_module("semble.index.index")

        class NoModel:
            dim = 1

            def encode(self, texts, **_):
                return numpy.zeros((len(texts), 1), dtype=numpy.float32)

        self.model = NoModel()
        self.content = importlib.import_module("semble.types").ContentType.CODE

    def open(self, tree: Path) -> None:
        self.tree = tree.resolve()
        self.found = self.index._build(self.tree, self.model, "none", (self.content,), False)

    def ask(self, query: str) -> list[Place]:
        results = self.found.search(query, top_k=MOST_HITS, alpha=0.0)
        return [(one.chunk.file_path, one.chunk.start_line, one.chunk.end_line) for one in results]


class Aider:
    """The order of files in its repository map, when the question's words are
    the identifiers that were mentioned."""

    name = "aider's repo map"
    gives_places = True

    def __init__(self) -> None:
        self.repomap = importlib.import_module("aider.repomap")
        self.io = importlib.import_module("aider.io").InputOutput(yes=True, pretty=False, fancy_input=False)

    def open(self, tree: Path) -> None:
        self.tree = tree.resolve()
        files = sorted(file for file in self.tree.rglob("*") if file.suffix in SUFFIXES and file.is_file())
        self.files = [str(file) for file in files if file.stat().st_size <= MOST_BYTES]

        class Model:
            def token_count(self, text: str) -> int:
                return len(text) // 4

        self.map = self.repomap.RepoMap(root=str(self.tree), main_model=Model(), io=self.io)
        # Its own cache lies in the tree, and is looked at for changes each time.
        self.map.TAGS_CACHE = {}

    def ask(self, query: str) -> list[Place]:
        mentioned = set(re.findall(r"\w+", query))
        stems = {word.lower() for word in mentioned if len(word) >= 5}
        names = {Path(file).relative_to(self.tree).as_posix() for file in self.files if Path(file).stem.lower() in stems}
        tags = self.map.get_ranked_tags([], self.files, names, mentioned)
        places, seen = [], set()
        for tag in tags:
            line = getattr(tag, "line", 0)
            path = (tag.rel_fname if hasattr(tag, "rel_fname") else tag[0]).replace("\\", "/")
            if (path, line) not in seen:
                seen.add((path, line))
                places.append((path, line + 1, line + 1))
        return places


SYSTEMS = {
    "ours": Ours,
    "ours-lexical": OursLexical,
    "ours-symbol": OursSymbol,
    "ours-semantic": OursSemantic,
    "bm25": Bm25,
    "semble": Semble,
    "aider": Aider,
}
