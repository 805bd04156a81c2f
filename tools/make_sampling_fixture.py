"""Makes crates/inference/tests/fixtures/sampling/transformers.json: what the
logits processors of transformers keep, and with which probabilities.

Run it in the environment of make_fixtures.py:

    fixtures-env/bin/python tools/make_sampling_fixture.py

A case has the logits, the tokens so far, the options by the names of
`SamplingOptions`, and the probability of each token that is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)

FILE = Path(__file__).resolve().parent.parent / "crates/inference/tests/fixtures/sampling/transformers.json"

# In the order of the chain.
PROCESSORS = {
    "repeat_penalty": RepetitionPenaltyLogitsProcessor,
    "top_k": TopKLogitsWarper,
    "typical_p": TypicalLogitsWarper,
    "top_p": TopPLogitsWarper,
    "min_p": MinPLogitsWarper,
    "temperature": TemperatureLogitsWarper,
}

OPTIONS = [
    {"top_k": 5},
    {"top_p": 0.8},
    {"top_p": 0.3},
    {"min_p": 0.1},
    {"typical_p": 0.7},
    {"typical_p": 0.2},
    {"repeat_penalty": 1.3},
    {"repeat_penalty": 0.8},
    {"temperature": 0.6},
    {"temperature": 1.7},
    {"repeat_penalty": 1.2, "top_k": 20, "top_p": 0.9, "min_p": 0.02, "temperature": 0.7},
    {"repeat_penalty": 1.1, "top_k": 25, "typical_p": 0.8, "top_p": 0.7, "min_p": 0.1, "temperature": 1.3},
]

SIZE = 40


def case(rng: np.random.Generator, spread: float, options: dict[str, float]) -> dict[str, object]:
    logits = np.round(rng.normal(0, spread, SIZE), 3)
    # Equal logits at the edge of what is kept are a matter of taste.
    while len(set(logits)) < SIZE:
        logits = np.round(rng.normal(0, spread, SIZE), 3)
    seen = [int(id) for id in rng.integers(0, SIZE, 12)]
    chain = LogitsProcessorList(kind(options[name]) for name, kind in PROCESSORS.items() if name in options)
    scores = chain(torch.tensor([seen]), torch.tensor(logits, dtype=torch.float32)[None])
    shares = scores[0].double().softmax(0)
    kept = {str(id): round(float(share), 6) for id, share in enumerate(shares) if scores[0][id] > -torch.inf}
    return {"logits": logits.tolist(), "seen": seen, "options": options, "kept": kept}


def main() -> None:
    rng = np.random.default_rng(3)
    cases = [case(rng, spread, options) for options in OPTIONS for spread in (0.7, 2.5)]
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
