"""Asks mlx-code and others where code is, and counts how often they know.

    pip install -r benches/retrieval/requirements.txt
    python benches/retrieval/run.py build --repos FOLDER --cases FOLDER
    python benches/retrieval/run.py ask --repos FOLDER --cases FOLDER [--set tuned|unseen] [--system NAME]...

`build` makes the cases from bare clones `FOLDER/NAME.git` of the repositories
in sources.py; `ask` asks every system that is installed, and prints a table
for each repository. No model is downloaded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cases as case_files
import commits
import docs
from measure import COLUMNS, judge, mean
from sources import TUNED, UNSEEN
from systems import SYSTEMS

PER_SOURCE = 40

# What is asked for, by the kind of a case.
KINDS = {"commit": "files of a commit", "doc": "function"}


def build(repos: Path, folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, head in TUNED + UNSEEN:
        repository = repos / f"{name}.git"
        found = commits.cases(name, repository, head, count)
        with tempfile.TemporaryDirectory() as place:
            case_files.export(repository, head, Path(place))
            found += docs.cases(name, Path(place), head, count)
        case_files.save(found, folder / f"{name}.jsonl")
        kinds = [sum(case.kind == kind for case in found) for kind in ("commit", "doc")]
        print(f"{name}: {kinds[0]} commits, {kinds[1]} functions", file=sys.stderr)


@contextmanager
def laid_out(repository: Path, tree: str, questions: list, trees: Path | None, history: bool):
    """The tree of some questions, in a folder that goes or, with `trees`, stays
    for the next run."""
    removed = "".join(f"{case.answers} {case.removed}" for case in questions if case.removed)
    name = f"{repository.stem}-{tree[:12]}-{hashlib.sha256(removed.encode()).hexdigest()[:8]}" + ("" if history else "-alone")
    with tempfile.TemporaryDirectory() as place:
        folder = (trees or Path(place)) / name
        if not folder.exists():
            made = folder.with_name(f"{name}.part")
            shutil.rmtree(made, ignore_errors=True)
            case_files.export(repository, tree, made)
            case_files.remove(made, questions)
            if history:
                case_files.with_history(repository, tree, made)
            made.rename(folder)
        yield folder


def ask(repos: Path, folder: Path, sources: list, systems: dict, kinds: list, shown: bool, trees: Path | None, history: bool) -> dict:
    """The mean columns: source, kind, system. The systems take turns on each tree."""
    table: dict = {}
    for name, _, _ in sources:
        questions = [case for case in case_files.load(folder / f"{name}.jsonl") if case.kind in kinds]
        rows: dict = {}
        seconds = dict.fromkeys(systems, 0.0)
        for tree in dict.fromkeys(case.tree for case in questions):
            own = [case for case in questions if case.tree == tree]
            with laid_out(repos / f"{name}.git", tree, own, trees, history) as place:
                for key, system in systems.items():
                    begin = time.perf_counter()
                    system.open(place)
                    answers = [system.ask(case.query) for case in own]
                    seconds[key] += time.perf_counter() - begin
                    for case, places in zip(own, answers):
                        judged = judge(case, places)
                        if case.kind == "doc":
                            rows.setdefault(("file of a function", key), []).append(judge(case, places, by_file=True))
                            if not system.gives_places:
                                continue
                        rows.setdefault((KINDS[case.kind], key), []).append(judged)
                        if shown and key.startswith("ours") and judged[0] < 0.5:
                            first = places[0] if places else "nothing"
                            print(f"  {judged[0]:.2f} {case.kind} {case.query!r}: {case.answers}; first {first}", file=sys.stderr)
        for (kind, key), judged in sorted(rows.items(), key=lambda row: row[0][0]):
            table.setdefault((name, kind), {})[key] = (mean(judged), len(judged))
        print(name, {key: f"{value:.0f} s" for key, value in seconds.items()}, file=sys.stderr)
    return table


def show(table: dict, systems: dict) -> None:
    print("| repository | asked by | system | " + " | ".join(COLUMNS) + " |")
    print("|---|---|---|" + "---|" * len(COLUMNS))
    for (name, kind), rows in table.items():
        for key, (columns, count) in rows.items():
            figures = " | ".join(f"{value:.3f}" for value in columns)
            print(f"| {name} | {count} × {kind} | {systems[key].name} | {figures} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["build", "ask"])
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--set", choices=["tuned", "unseen"], default="tuned")
    parser.add_argument("--source", action="append", help="only these repositories")
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="only these cases")
    parser.add_argument("--system", action="append", choices=list(SYSTEMS))
    parser.add_argument("--count", type=int, default=PER_SOURCE, help="cases of each kind and repository")
    parser.add_argument("--trees", type=Path, help="where the trees are kept for the next run")
    parser.add_argument("--no-history", action="store_true", help="trees without their repository")
    parser.add_argument("--show", action="store_true", help="the questions that mlx-code answers badly")
    parser.add_argument("--json", type=Path, help="where the figures are written as JSON too")
    arguments = parser.parse_args()
    if arguments.command == "build":
        return build(arguments.repos, arguments.cases, arguments.count)
    systems = {}
    for key in arguments.system or SYSTEMS:
        try:
            systems[key] = SYSTEMS[key]()
        except ImportError as error:
            print(f"{SYSTEMS[key].name} is not installed: {error}", file=sys.stderr)
    sources = TUNED if arguments.set == "tuned" else UNSEEN
    sources = [one for one in sources if not arguments.source or one[0] in arguments.source]
    table = ask(arguments.repos, arguments.cases, sources, systems, arguments.kind or list(KINDS), arguments.show, arguments.trees, not arguments.no_history)
    show(table, systems)
    if arguments.json:
        plain = [[*key, system, *columns, count] for key, rows in table.items() for system, (columns, count) in rows.items()]
        arguments.json.write_text(json.dumps(plain), encoding="utf-8")


if __name__ == "__main__":
    main()
