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

With a part of a name it only computes those cells and says what it finds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from goldens.cells import FAMILIES, cells
from goldens.families import configs
from goldens.noise import seed_of, words
from goldens.reference import through_mlx, through_transformers
from goldens.storage import stored

FOLDER = Path(__file__).resolve().parent.parent / "crates/inference/tests/golden"
PROMPT = 33
GREEDY = 64
# Tokens of the text; the rest are special or of no text.
TEXT_TOKENS = 312
# The two implementations may differ by so much.
AGREEMENT = 1e-4


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


def golden(cell: dict, config: dict) -> dict:
    form = cell["format"]
    tensors = stored(cell["name"], config, form)
    model = through_transformers(config, form, tensors)
    logits = {context: logits_of(model, context) for context in cell["contexts"]}
    about = ""
    if form["kind"] == "mlx":
        second, model = logits, through_mlx(config, form, tensors)
        logits = {context: logits_of(model, context) for context in cell["contexts"]}
        apart = max(float(np.abs(logits[context] - second[context]).max()) for context in logits)
        about = f"{apart:.1e} apart"
        if not apart < AGREEMENT:
            about += ": TOO FAR"
    greedy, margins = continued(model, tokens_of_text(PROMPT), GREEDY)
    spread = float(np.std(logits[PROMPT]))
    if not 0.2 < spread < 20:
        about += ", NOT SPREAD WELL"
    print(f"{cell['name']:42} spread {spread:.2f} least margin {min(margins):.1e} different {len(set(greedy))} {about}", flush=True)
    return dict(
        logits=logits, greedy=greedy, margins=margins,
        sound="TOO" not in about and "NOT" not in about,
        digests="".join(tensor.digest() for tensor in tensors),
        # A token of no text that the greedy ones do not hold.
        eos=next(token for token in range(TEXT_TOKENS, config["vocab_size"]) if token not in greedy),
    )


def main() -> None:
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    sound, index, data = True, [], {family: b"" for family in FAMILIES}
    used = configs()
    for cell in cells():
        if part not in cell["name"]:
            continue
        start = time.monotonic()
        found = golden(cell, used[cell["config"]])
        if part:
            print(f"  {time.monotonic() - start:.1f} s")
        sound = sound and found["sound"]
        family = cell["config"].split("-")[0]
        places = {}
        for context, logits in found["logits"].items():
            places[str(context)] = len(data[family])
            data[family] += logits.astype("<f4").tobytes()
        greedy = len(data[family])
        data[family] += np.array(found["greedy"], dtype="<u4").tobytes()
        data[family] += np.array(found["margins"], dtype="<f4").tobytes()
        index.append(dict(
            name=cell["name"], config=cell["config"], format=cell["format"], family=family,
            eos=found["eos"], logits=places, greedy=greedy, digests=found["digests"],
        ))
    if part:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family, content in data.items():
        (FOLDER / f"{family}.bin").write_bytes(content)
    tokens = tokens_of_text(max(map(int, index[0]["logits"])))
    lines = [
        f'"prompt": {PROMPT}, "tokens": {json.dumps(tokens, separators=(",", ":"))}',
        '"configs": {\n' + ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in used.items()) + "\n}",
        '"cells": [\n' + ",\n".join(json.dumps(cell) for cell in index) + "\n]",
    ]
    (FOLDER / "index.json").write_text("{" + ",\n".join(lines) + "}\n")
    sys.exit(None if sound else "some cells are not sound")


if __name__ == "__main__":
    main()
