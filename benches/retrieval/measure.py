"""How good answers are."""

from __future__ import annotations

from cases import Case

COLUMNS = ("MRR", "accuracy@5", "recall@10", "recall@20")


def files_of(places: list) -> list[str]:
    """The files of some places, each once, in their order."""
    return list(dict.fromkeys(path for path, *_ in places))


def judge(case: Case, places: list, by_file: bool = False) -> list[float]:
    """The four columns for one case, each from 0 to 1."""
    if case.lines and not by_file:
        # One place answers: what is counted are places.
        first, last = case.lines
        right = [path == case.answers[0] and start <= last and end >= first for path, start, end in places]
        ranks = [place for place, is_right in enumerate(right, 1) if is_right][:1]
        wanted = 1
    else:
        files = files_of(places)
        ranks = sorted(files.index(path) + 1 for path in case.answers if path in files)
        wanted = len(case.answers)
    best = ranks[0] if ranks else None
    recalls = [sum(rank <= most for rank in ranks) / wanted for most in (10, 20)]
    return [1 / best if best else 0.0, float(bool(best and best <= 5)), *recalls]


def mean(rows: list[list[float]]) -> list[float]:
    return [sum(column) / len(rows) for column in zip(*rows)]
