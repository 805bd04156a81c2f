"""Computes what crates/inference/tests/golden holds: for every format and
family a tiny random checkpoint's logits and greedy tokens.

The checkpoints are not kept. Their bytes follow from the names of their cells
and are made twice: here, and by crates/inference/tests/it/checkpoint, whose
tests compare the digests. Weights in safetensors go through transformers as
they are, those of GGUF through gguf-py and transformers, and MLX folders
through mlx-lm, with transformers on the weights that mlx gives back as a
second opinion. All of it computes in f32.

    python -m venv goldens-env
    goldens-env/bin/pip install torch==2.15.0 transformers==5.23.0 gguf==0.19.0 \\
        safetensors==0.8.0 tokenizers==0.23.3 numpy==2.4.6 "mlx[cpu]==0.32.4" mlx-lm==0.32.2
    goldens-env/bin/python tools/make_goldens.py [PART-OF-A-NAME]

With a part of a name it computes only those cells anew, and keeps the rest as
it is. All of them take half an hour on two processors.

`--folder FOLDER` writes into another folder, `--every-context` computes each
cell after every length of context: too much to keep, and what the slow suite
`golden_contexts` of crates/inference compares with.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from goldens.cells import ALL_CONTEXTS, cells
from goldens.families import configs
from goldens.index import read, write
from goldens.noise import seed_of, words
from goldens.reference import rounded, through_mlx, through_transformers
from goldens.storage import stored

FOLDER = Path(__file__).resolve().parent.parent / "crates/inference/tests/golden"
PROMPT = 33
GREEDY = 64
# Tokens of the text; the rest are special or of no text.
TEXT_TOKENS = 312
# The two implementations may differ by so much. After thousands of tokens they
# may by more, as their angles of the positions are rounded differently (against
# f64, mlx is off by 1e-3 in one cell, transformers by 2e-4): the index then
# tells by how much, and whoever is compared with it may be as far off.
AGREEMENT = 1e-4
FAR_AGREEMENT = 2e-3
# With numbers rounded to bfloat16 the reference itself turns further in a few
# contexts, where two keys or two experts are nearly equal. What it computes
# there so is kept too.
LEAST_COSINE = 0.995


def tokens_of_text(count: int) -> list[int]:
    return [int(word % np.uint64(TEXT_TOKENS)) for word in words(seed_of("tokens"), count)]


def continued(model, prompt: list[int], count: int) -> tuple[list[int], list[float]]:
    """The likeliest tokens after a prompt, and how far the second are."""
    model.start()
    logits, greedy, margins = model.run(prompt), [], []
    while True:
        second, first = np.partition(logits, -2)[-2:]
        greedy.append(int(logits.argmax()))
        margins.append(float(first - second))
        if len(greedy) == count:
            return greedy, margins
        logits = model.run(greedy[-1:])


def logits_of(model, context: int) -> np.ndarray:
    model.start()
    return model.run(tokens_of_text(context))


def turned(model, logits: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """The logits of the reference with rounded numbers, where they turn."""
    found = {}
    for context, exact in logits.items():
        with rounded():
            other = logits_of(model, context)
        if exact @ other < LEAST_COSINE * np.linalg.norm(exact) * np.linalg.norm(other):
            found[context] = other
    return found


def golden(cell: dict, config: dict) -> dict:
    form = cell["format"]
    tensors = stored(cell["name"], config, form)
    model = through_transformers(config, form, tensors)
    logits = {context: logits_of(model, context) for context in cell["contexts"]}
    rounded_logits = turned(model, logits) if cell["contexts"] == ALL_CONTEXTS else {}
    apart = {}
    if form["kind"] == "mlx":
        second, model = logits, through_mlx(config, form, tensors)
        logits = {context: logits_of(model, context) for context in cell["contexts"]}
        apart = {context: float(np.abs(logits[context] - second[context]).max()) for context in logits}
    greedy, margins = continued(model, tokens_of_text(PROMPT), GREEDY)
    spread = float(np.std(logits[PROMPT]))
    far = {str(context): round(most, 6) for context, most in apart.items() if most > AGREEMENT}
    sound = 0.2 < spread < 20 and all(int(context) > 1000 and most < FAR_AGREEMENT for context, most in far.items())
    print(
        f"{cell['name']:42} spread {spread:.2f} least margin {min(margins):.1e} different {len(set(greedy))}",
        f"apart {max(apart.values(), default=0):.1e} {'' if sound else 'NOT SOUND'}", flush=True)
    return dict(
        logits=logits, greedy=greedy, margins=margins, apart=far, rounded=rounded_logits, sound=sound,
        digests="".join(tensor.digest() for tensor in tensors),
        # A token of no text that the greedy ones do not hold.
        eos=next(token for token in range(TEXT_TOKENS, config["vocab_size"]) if token not in greedy),
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("part", nargs="?", default="")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--every-context", action="store_true")
    args = parser.parse_args()
    wanted = [cell for cell in cells() if args.part in cell["name"]]
    if args.every_context:
        wanted = [cell | dict(contexts=ALL_CONTEXTS) for cell in wanted]
    used = configs()
    fresh = {cell["name"]: golden(cell, used[cell["config"]]) for cell in wanted}
    write(args.folder, read(args.folder) | fresh, tokens_of_text(max(ALL_CONTEXTS)), PROMPT)
    sys.exit(None if all(found["sound"] for found in fresh.values()) else "some cells are not sound")


if __name__ == "__main__":
    main()
