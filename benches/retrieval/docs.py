"""Cases from documentation: what is said of a function asks, the function answers.

The text is taken out of the tree. Python's come from the syntax tree, those of
Rust, Go, Java, TypeScript and C from the comment above the function.
"""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

from cases import TEST, Case

LEAST_WORDS = 7
MOST_CHARACTERS = 300
MOST_BYTES = 500_000

# A function's first line, by suffix; the name is the group.
FUNCTIONS = {
    ".rs": re.compile(r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:const\s+)?(?:async\s+)?(?:unsafe\s+)?fn\s+(\w+)"),
    ".go": re.compile(r"^func\s+(?:\([^)]*\)\s*)?(\w+)\s*[(\[]"),
    ".java": re.compile(r"^\s+(?:(?:public|protected|private|static|final|synchronized|abstract|default)\s+)+[\w<>\[\], .?]+\s+(\w+)\s*\("),
    ".ts": re.compile(r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\*?\s*(\w+)"),
    ".c": re.compile(r"^[A-Za-z_][\w\s*]*?\b\*?(\w+)\s*\([^;]*$"),
}
FUNCTIONS[".cc"] = FUNCTIONS[".c"]
FUNCTIONS[".tsx"] = FUNCTIONS[".ts"]
FOREIGN = re.compile(r"(^|/)(vendor|third_party|deps|examples?|docs?)/")
ATTRIBUTE = re.compile(r"^\s*(#\[|@\w)")
COMMENT = re.compile(r"^\s*(///|//!|//|/\*\*?|\*/|\*)")


def first_sentence(text: str) -> str | None:
    """What a text says first, if that is enough."""
    paragraph = re.split(r"\n\s*\n|\n\s*[:@]\w+|\n\s*(?:Args|Returns|Parameters|Example)", text.strip())[0]
    text = re.sub(r"\{@\w+\s+([^}]*)\}|</?\w+[^>]*>|[`*]", r"\1", paragraph)
    text = re.sub(r"\s+", " ", text).strip()[:MOST_CHARACTERS]
    return text if len(re.findall(r"[A-Za-z]{2,}", text)) >= LEAST_WORDS else None


def python_functions(path: str, text: str):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or len(node.body) < 2:
            continue
        first = node.body[0]
        if ast.get_docstring(node) is None or first.lineno == node.lineno or first.end_lineno >= node.body[1].lineno:
            continue
        yield node.name, ast.get_docstring(node), [node.lineno, node.end_lineno], [first.lineno, first.end_lineno]


def commented_functions(path: str, text: str, pattern: re.Pattern):
    lines = text.split("\n")
    for number, line in enumerate(lines):
        found = pattern.match(line)
        if not found:
            continue
        last = number - 1
        while last >= 0 and ATTRIBUTE.match(lines[last]):
            last -= 1
        first = last + 1
        while first > 0 and COMMENT.match(lines[first - 1]):
            first -= 1
        if first > last:
            continue
        said = "\n".join(COMMENT.sub("", line) for line in lines[first : last + 1])
        indent = re.match(r"\s*", line).group()
        closing = re.compile(rf"^{indent}\}}")
        end = next((n for n in range(number, len(lines)) if closing.match(lines[n])), number)
        yield found.group(1), said, [number + 1, end + 1], [first + 1, last + 1]


def cases(name: str, folder: Path, commit: str, count: int) -> list[Case]:
    """As many cases as wished, chosen by the hash of their place. All are
    asked of one tree, which lacks the texts of all of them."""
    candidates = []
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if TEST.search(path) or FOREIGN.search(path):
            continue
        if file.suffix not in (".py", *FUNCTIONS) or not file.is_file() or file.stat().st_size > MOST_BYTES:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        functions = python_functions(path, text) if file.suffix == ".py" else commented_functions(path, text, FUNCTIONS[file.suffix])
        for function, said, lines, place in functions:
            sentence = first_sentence(said)
            # One that says its own name is no question.
            if sentence and not re.search(rf"\b{re.escape(function)}\b", sentence, re.IGNORECASE):
                candidates.append((sentence, path, lines, place))
    candidates.sort(key=lambda one: hashlib.sha256(f"mlx-code {one[1]} {one[2][0]} {one[0]}".encode()).digest())
    return [Case(name, "doc", commit, sentence, [path], lines, place) for sentence, path, lines, place in candidates[:count]]
